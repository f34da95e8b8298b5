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

/** Whether each line goes on to the newest time of the chart, in steps of its own: a database may have been dropped. */
export function currentLines({ series, timestamps }: ChartData): boolean[] {
  const timeOf = (at: number) => timestamps[at] ?? 0
  const ends = series.map(({ values }) => values.findLastIndex((value) => value !== null))
  const newest = timeOf(Math.max(...ends))
  return series.map(({ values }, index) => {
    const last = ends[index] ?? -1
    let before = last - 1
    while (before >= 0 && values[before] === null) before -= 1
    return newest - timeOf(last) <= MISSED_MAX * (timeOf(last) - timeOf(before))
  })
}
