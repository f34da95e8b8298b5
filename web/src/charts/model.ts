import type { MetricDeclaration, SeriesResponse } from '../api/types'
import { groupBy } from '../lib/group'
import type { ValueFormat } from '../lib/units'
import { valueFormat } from '../lib/units'
import { lineNumbers } from './line-looks'

/** What a chart draws: columns of equal length, null where there is no value. */
export interface ChartSeries {
  key: string
  label: string
  values: (number | null)[]
}

export interface ChartData {
  /** Seconds since 1970 UTC, rising. */
  timestamps: number[]
  series: ChartSeries[]
  /** The same series in the window before, moved here: one for each of `series`, or none. */
  compared: ChartSeries[]
  /** Keys of the series that are drawn as one; null where the host added some of them up, and does not say which. */
  others: readonly string[] | null
  /** How each line looks, see line-looks.ts; without it, in turn. */
  numbers?: readonly number[]
  format: ValueFormat
  resolution: SeriesResponse['resolution']
  from: number
  to: number
}

/** Something that happened, at its time in seconds. */
export interface ChartMark {
  at: number
  text: string
}

/** More marks than these would hide the lines. */
const MARKS_MAX = 40

/** Of what happened close together so much is told. */
const TOLD_MAX = 3

/** What happened close together, for a window of this length, becomes one mark; `marks` are in the order of time. */
export function gathered(marks: readonly ChartMark[], from: number, to: number): ChartMark[] {
  const slot = (to - from) / MARKS_MAX
  return [...groupBy(marks, (mark) => Math.floor((mark.at - from) / slot)).values()].flatMap((ones) => {
    const [first] = ones
    if (first === undefined) return []
    const told = ones.slice(0, TOLD_MAX).map((one) => one.text)
    const more = ones.length > TOLD_MAX ? [`… +${ones.length - TOLD_MAX}`] : []
    return [{ at: first.at, text: [...told, ...more].join('; ') }]
  })
}

/** More lines than these cannot be told apart: the greatest are drawn, the rest becomes one. */
export const SERIES_MAX = 20
const SERIES_SHOWN = 10

export const OTHER_KEY = '\u0000other'

/** Adds column by column. A time at which no series has a value stays a gap. */
export function sumColumns(columns: readonly (readonly (number | null)[])[], length: number): (number | null)[] {
  return Array.from({ length }, (_, index) => {
    let sum: number | null = null
    for (const column of columns) {
      const value = column[index]
      if (value !== null && value !== undefined) sum = (sum ?? 0) + value
    }
    return sum
  })
}

/** `part / (part + rest)`; nothing happened = no ratio, which is a gap and not a zero. */
export function ratioColumns(part: readonly (number | null)[], rest: readonly (number | null)[]): (number | null)[] {
  return part.map((value, index) => {
    const other = rest[index]
    if (value === null || other === null || other === undefined) return null
    return value + other === 0 ? null : value / (value + other)
  })
}

function mean(values: readonly (number | null)[]): number {
  let sum = 0
  let count = 0
  for (const value of values) {
    if (value === null) continue
    sum += value
    count += 1
  }
  return count === 0 ? 0 : sum / count
}

/** So that the same has the same colour in the charts beside each other; what has no name comes last, as it is not everywhere. */
const byKey = (a: ChartSeries, b: ChartSeries): number =>
  Number(a.key === '') - Number(b.key === '') || (a.key < b.key ? -1 : 1)

/** Lines of an answer, before they are drawn. */
interface Lines {
  series: ChartSeries[]
  length: number
  merge: Merge
  /** What the host has added up already. */
  left: SeriesResponse['rest']
}

type Drawn = Pick<ChartData, 'series' | 'others'>

/** The greatest, and the rest as one, where they are too many. */
function topAndOther({ series, length, merge, left }: Lines, otherLabel: ChartWords['other']): Drawn {
  if (series.length <= SERIES_MAX && left === null) return { series: series.toSorted(byKey), others: [] }
  const ranked = series.toSorted((a, b) => mean(b.values) - mean(a.values))
  const rest = ranked.slice(SERIES_SHOWN)
  const other = {
    key: OTHER_KEY,
    label: otherLabel(rest.length + (left?.series_count ?? 0)),
    values: mergeColumns([...rest.map((one) => one.values), ...(left === null ? [] : [left.values])], length, merge),
  }
  return {
    series: [...ranked.slice(0, SERIES_SHOWN).toSorted(byKey), other],
    others: left === null ? rest.map((one) => one.key) : null,
  }
}

/** The lines that `like` has, whichever were the greatest here: else one name would stand for different sums. */
function sameLines({ series, length, merge }: Lines, like: Drawn): Drawn {
  const found = (keys: readonly string[]) => series.filter((one) => keys.includes(one.key))
  const lines = found(like.series.map((one) => one.key))
  const rest = found(like.others ?? []).map((one) => one.values)
  const other = like.series.find((one) => one.key === OTHER_KEY)
  if (other === undefined || rest.length === 0) return { series: lines, others: like.others }
  return { series: [...lines, { ...other, values: mergeColumns(rest, length, merge) }], others: like.others }
}

/** What several values of one time become: a sum of shares or of ages would say nothing. */
export type Merge = 'sum' | 'mean' | 'max'

/** Seconds that are counted add up, as those of an age do not. */
export function mergeOf({ kind, unit }: Pick<MetricDeclaration, 'kind' | 'unit'>): Merge {
  return unit === 'ratio' ? 'mean' : unit === 'seconds' && kind !== 'counter' ? 'max' : 'sum'
}

/** Column by column. A time at which no series has a value stays a gap. */
export function mergeColumns(
  columns: readonly (readonly (number | null)[])[],
  length: number,
  merge: Merge,
): (number | null)[] {
  if (columns.length === 1) return [...(columns[0] ?? [])]
  if (merge === 'sum') return sumColumns(columns, length)
  return Array.from({ length }, (_, index) => {
    const known = columns.map((column) => column[index]).filter((value) => value !== null && value !== undefined)
    if (known.length === 0) return null
    return merge === 'max' ? Math.max(...known) : known.reduce((sum, value) => sum + value, 0) / known.length
  })
}

/** How the answer of /api/series becomes lines. */
export type ChartShape =
  /** One line per series of one metric, called by all of its labels. */
  | { kind: 'by-series' }
  /** One line per label value of one metric. */
  | { kind: 'by-label'; label: string }
  /** One line per metric, summed over all labels. */
  | { kind: 'by-metric' }
  /** One line: the share of `part` in `part` and `rest`. */
  | { kind: 'ratio'; part: string; rest: string }

/** By which a series is found again in another window. */
export const keyOf = (labels: Record<string, string>, shape: ChartShape): string =>
  shape.kind === 'by-label' ? (labels[shape.label] ?? '') : JSON.stringify(labels)

export interface ChartWords {
  metric: (name: string) => string
  label: (value: string) => string
  other: (count: number) => string
}

/**
 * `order` is that of the lines; the API answers in the order of the probe's declaration. With `like`, the lines are
 * those that it has.
 */
export function chartData(
  answer: SeriesResponse,
  shape: ChartShape,
  order: readonly string[],
  words: ChartWords,
  like?: ChartData,
): ChartData {
  const length = answer.timestamps.length
  const first = answer.metrics[0]
  const base = {
    timestamps: answer.timestamps,
    resolution: answer.resolution,
    from: Date.parse(answer.from) / 1_000,
    to: Date.parse(answer.to) / 1_000,
    compared: [],
    others: [],
  }
  const merge = first === undefined ? 'sum' : mergeOf(first)
  const cut = (series: ChartSeries[]): Drawn => {
    const lines = { series, length, merge, left: answer.rest }
    return like === undefined ? topAndOther(lines, words.other) : sameLines(lines, like)
  }
  const named = (drawn: Drawn) => ({ ...drawn, numbers: lineNumbers(drawn.series.map((one) => one.key)) })
  const summed = (metric: string) =>
    sumColumns(
      answer.series.filter((series) => series.metric === metric).map((series) => series.values),
      length,
    )
  const format = first === undefined ? 'count' : valueFormat(first.kind, first.unit)
  switch (shape.kind) {
    case 'by-label': {
      const series = [...groupBy(answer.series, (one) => keyOf(one.labels, shape))].map(([value, ones]) => ({
        key: value,
        label: words.label(value),
        values: mergeColumns(
          ones.map((one) => one.values),
          length,
          merge,
        ),
      }))
      return { ...base, format, ...named(cut(series)) }
    }
    case 'by-series': {
      const series = answer.series.map((one) => {
        const label = Object.values(one.labels).map(words.label).join(' · ')
        return {
          key: keyOf(one.labels, shape),
          label: label === '' ? words.metric(one.metric) : label,
          values: one.values,
        }
      })
      return { ...base, format, ...named(cut(series)) }
    }
    case 'by-metric':
      return {
        ...base,
        format,
        series: order
          .filter((name) => answer.metrics.some((metric) => metric.name === name))
          .map((name) => ({ key: name, label: words.metric(name), values: summed(name) })),
      }
    case 'ratio': {
      const values = ratioColumns(summed(shape.part), summed(shape.rest))
      return { ...base, format: 'percent', series: [{ key: 'hit_ratio', label: words.metric('hit_ratio'), values }] }
    }
  }
}

/** So small a part at the end of a window is a few pixels. */
const NEW_SHARE = 0.04
const HOUR_SECONDS = 3_600

/** Whether all that is known is of the last minutes of a long window that ends now. */
export function isNew(data: ChartData): boolean {
  const first = data.timestamps[0]
  const length = data.to - data.from
  return first !== undefined && length > HOUR_SECONDS && data.to - first < length * NEW_SHARE
}
