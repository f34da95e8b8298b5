/** Whether a session ended while something was typed and not saved: the sign-in form stands where it was, and says so. */
let lost = false

export const unsaved = {
  wasLost: (): boolean => lost,
  lose: () => {
    lost = true
  },
  forget: () => {
    lost = false
  },
}
