/** The state that lives in the URL: parsed here, once; what cannot be understood becomes the default. */

export const RANGES = ['1h', '24h', '7d', '30d', '90d', '365d'] as const
export type RangeName = (typeof RANGES)[number]
export const DEFAULT_RANGE: RangeName = '24h'

/** A window of time. A relative one follows the clock, an absolute one stands still. */
export type TimeRange = { kind: 'relative'; name: RangeName } | { kind: 'absolute'; from: number; to: number }

export interface RangeSearch {
  from?: string | undefined
  to?: string | undefined
}

const UNIT_SECONDS: Record<string, number> = { h: 3_600, d: 86_400 }

export function rangeSeconds(name: RangeName): number {
  return Number.parseInt(name, 10) * (UNIT_SECONDS[name.slice(-1)] ?? 0)
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** Keeps only what `parseRange` understands, so that an unknown range is seen to fall back: it leaves the URL. */
export function validateRange(search: Record<string, unknown>): RangeSearch {
  const from = textOf(search.from)
  const to = textOf(search.to)
  const range = parseRange({ from, to })
  if (range.kind === 'relative') return range.name === DEFAULT_RANGE ? {} : { from: `now-${range.name}` }
  return { from, to }
}

export function parseRange(search: RangeSearch): TimeRange {
  const fallback: TimeRange = { kind: 'relative', name: DEFAULT_RANGE }
  if (search.from === undefined) return fallback
  const name = RANGES.find((candidate) => search.from === `now-${candidate}`)
  if (name !== undefined && (search.to === undefined || search.to === 'now')) return { kind: 'relative', name }
  const from = Date.parse(search.from)
  const to = Date.parse(search.to ?? '')
  return from < to ? { kind: 'absolute', from, to } : fallback
}

export function rangeToSearch(range: TimeRange): RangeSearch {
  if (range.kind === 'relative') return range.name === DEFAULT_RANGE ? {} : { from: `now-${range.name}` }
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() }
}

/** As the API takes it. */
export function rangeToQuery(range: TimeRange): { from: string; to: string } {
  if (range.kind === 'relative') return { from: `now-${range.name}`, to: 'now' }
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() }
}

/** `name` rises, `-name` falls. */
export interface Sort<Id extends string> {
  id: Id
  descending: boolean
}

export function parseSort<Id extends string>(text: unknown, ids: readonly Id[]): Sort<Id> | undefined {
  if (typeof text !== 'string') return undefined
  const descending = text.startsWith('-')
  const id = ids.find((candidate) => candidate === (descending ? text.slice(1) : text))
  return id === undefined ? undefined : { id, descending }
}

export const sortToText = (sort: Sort<string>): string => (sort.descending ? `-${sort.id}` : sort.id)

export function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value)
}

export const searchText = textOf
