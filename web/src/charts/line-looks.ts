import type { ChartData } from './model'

/** With more lines than these, the window before is drawn of the one that is isolated, and of no other. */
export const COMPARED_MAX = 4

/** Colours that can be told apart. */
export const LINE_LOOKS = 8

/**
 * A name has the same colour in every chart and on every day, though others come and go: only where two ask for the
 * same one, the later takes the next. Where there are more lines than colours, they begin anew.
 */
export function lineNumbers(keys: readonly string[]): number[] {
  const taken = new Set<number>()
  return keys.map((key) => {
    const home = hash(key) % LINE_LOOKS
    for (let round = 0; ; round += LINE_LOOKS) {
      for (let step = 0; step < LINE_LOOKS; step += 1) {
        const number = round + ((home + step) % LINE_LOOKS)
        if (taken.has(number)) continue
        taken.add(number)
        return number
      }
    }
  })
}

/** FNV-1a. */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  return sum >>> 0
}

export const lineNumber = (data: ChartData, index: number): number => data.numbers?.[index] ?? index

/** Missed so many times in a row, a value is one that was, and not one that is. */
const MISSED_MAX = 3

/** Whether a line goes on to the newest time of the chart, in steps of its own: a database may have been dropped. */
export function isCurrent({ series, timestamps }: ChartData, index: number): boolean {
  const lastOf = (values: readonly (number | null)[], before = values.length) =>
    values.slice(0, before).findLastIndex((value) => value !== null)
  const timeOf = (at: number) => timestamps[at] ?? 0
  const newest = timeOf(Math.max(...series.map(({ values }) => lastOf(values))))
  const own = series[index]?.values ?? []
  const last = lastOf(own)
  const step = timeOf(last) - timeOf(lastOf(own, Math.max(0, last)))
  return newest - timeOf(last) <= MISSED_MAX * step
}
