import { useSyncExternalStore } from 'react'

/** Ages on screen move in steps of this length: one timer for the whole page. */
const TICK_MS = 5_000

let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    // Nobody looked for a while: the last tick may be long ago.
    now = Date.now()
    timer = setInterval(() => {
      if (document.hidden) return
      now = Date.now()
      for (const notify of listeners) notify()
    }, TICK_MS)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

/** What follows from the time; where that stays the same, nothing is drawn anew. */
export const useFromNow = <Value extends string | number | boolean>(of: (now: number) => Value): Value =>
  useSyncExternalStore(subscribe, () => of(now))
