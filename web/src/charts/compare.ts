import { labelMatcher, labelMatchers } from '../api/label-matcher'
import type { SeriesResponse } from '../api/types'
import { type ChartData, type ChartShape, keyOf, OTHER_KEY } from './model'

/** As far as two windows can be laid over each other: a point belongs to another that is nearer than half a step. */
const NEAR = 0.5

/**
 * Lays `before`, which is `seconds` earlier, under `data`. Where only the window before has points, there are times
 * without a value now, which are gaps of the lines.
 */
export function withCompared(data: ChartData, before: ChartData, seconds: number, step: number): ChartData {
  const shifted = before.timestamps.map((at) => at + seconds)
  const timestamps = mergeTimes(data.timestamps, shifted, step * NEAR)
  const place = (own: readonly number[], values: readonly (number | null)[]) =>
    onTimes(timestamps, own, values, step * NEAR)
  return {
    ...data,
    timestamps,
    series: data.series.map((one) => ({ ...one, values: place(data.timestamps, one.values) })),
    compared: data.series.map((one) => {
      const earlier = before.series.find((candidate) => candidate.key === one.key)
      const values = earlier === undefined ? timestamps.map(() => null) : place(shifted, earlier.values)
      return { key: one.key, label: one.label, values }
    }),
  }
}

/**
 * Of which lines of `now` the window before may have series that its answer does not show, as others were the greatest
 * then, or not all fit in; as filters by label, so that they can be asked for one by one.
 */
export function unseenBefore(
  now: SeriesResponse,
  lines: ChartData,
  before: SeriesResponse,
  shape: ChartShape,
): string[] {
  if (before.rest === null && before.series_left_out === 0) return []
  const seen = new Set(before.series.map((one) => keyOf(one.labels, shape)))
  const unseen = lines.series.map((line) => line.key).filter((key) => key !== OTHER_KEY && !seen.has(key))
  return unseen.flatMap((key) => {
    if (shape.kind === 'by-label') return [labelMatcher(shape.label, key)]
    const one = now.series.find(({ labels }) => keyOf(labels, shape) === key)
    return one === undefined ? [] : [labelMatchers(one.labels)]
  })
}

/** The answer with series that were asked for one by one. */
export function withFound(before: SeriesResponse, found: readonly SeriesResponse[]): SeriesResponse {
  const near = before.interval_seconds * NEAR
  const series = found.flatMap((answer) =>
    answer.series.map((one) => ({
      ...one,
      values: onTimes(before.timestamps, answer.timestamps, one.values, near),
    })),
  )
  return { ...before, series: [...before.series, ...series] }
}

/** All of `first`, and of `second` what is not near one of them. Both rise. */
function mergeTimes(first: readonly number[], second: readonly number[], near: number): number[] {
  const extra: number[] = []
  let at = 0
  for (const time of second) {
    while (at < first.length - 1 && Math.abs((first[at + 1] ?? 0) - time) <= Math.abs((first[at] ?? 0) - time)) at += 1
    const closest = first[at]
    if (closest === undefined || Math.abs(closest - time) > near) extra.push(time)
  }
  return extra.length === 0 ? [...first] : [...first, ...extra].toSorted((a, b) => a - b)
}

function onTimes(
  timestamps: readonly number[],
  own: readonly number[],
  values: readonly (number | null)[],
  near: number,
): (number | null)[] {
  let at = 0
  return timestamps.map((time) => {
    while (at < own.length - 1 && Math.abs((own[at + 1] ?? 0) - time) <= Math.abs((own[at] ?? 0) - time)) at += 1
    const closest = own[at]
    return closest !== undefined && Math.abs(closest - time) <= near ? (values[at] ?? null) : null
  })
}
