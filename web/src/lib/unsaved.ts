/** Whether a session ended while something was typed and not saved: the sign-in form stands where it was, and says so. */
let lost = false

/** Asks before `act`, where there is something to ask about. */
type Guard = (act: () => void) => void
let guard: Guard | undefined

export const unsaved = {
  wasLost: (): boolean => lost,
  lose: () => {
    lost = true
  },
  forget: () => {
    lost = false
  },
  /** Of the form that is open. */
  guard: (asks: Guard): (() => void) => {
    guard = asks
    return () => {
      if (guard === asks) guard = undefined
    }
  },
  /** Does what leaves the page for good, once whoever typed something agrees. */
  leave: (act: () => void) => (guard === undefined ? act() : guard(act)),
}
