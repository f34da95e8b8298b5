import { useSyncExternalStore } from 'react'

/** Ages on screen move in steps of this length: one timer for the whole page, and each step lays out a list anew. */
export const TICK_MS = 10_000

/** Answers take time, and say theirs in whole seconds: clocks that are so near are the same. */
const SAME_MS = 2_000

/** By how much the host's clock is ahead of this browser's. What the host says when it was, is told by the host's. */
let ahead = 0

/** A moment of this browser's clock on that of the host. */
export const hostTime = (at: number): number => at + ahead

/** `date`: when the host answered, by its clock; `at`: when that came, by ours. */
export function noteHostTime(date: string | null, at: number) {
  const measured = Date.parse(date ?? '') + 500 - at
  if (Number.isNaN(measured) || Math.abs(measured - ahead) < SAME_MS) return
  ahead = Math.abs(measured) < SAME_MS ? 0 : measured
  tick()
}

let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

function tick() {
  now = hostTime(Date.now())
  for (const notify of listeners) notify()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    // Nobody looked for a while: the last tick may be long ago.
    now = hostTime(Date.now())
    timer = setInterval(() => {
      if (!document.hidden) tick()
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

/** By the host's clock. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

/** What follows from the time; where that stays the same, nothing is drawn anew. */
export const useFromNow = <Value extends string | number | boolean>(of: (now: number) => Value): Value =>
  useSyncExternalStore(subscribe, () => of(now))
