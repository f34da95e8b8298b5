import { anyText, choiceOf, readSearch } from './url-state'
import { isZone, momentOf, wallClock, type Zone } from './zone'

/** The time context that all pages share: a window, what it is compared with, a zone, and whether it moves on. */

const SECOND = 1_000
const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 }

/** As long as the API answers. */
const LONGEST_SECONDS = 20 * 366 * 86_400
/** Of years of four digits, which are those that the API takes. */
const FIRST_MOMENT = Date.parse('0001-01-01T00:00:00Z')
const LAST_MOMENT = Date.parse('9999-12-31T23:59:59.999Z')
const SHORTEST_SECONDS = 60

/** A window of time. A relative one follows the clock, an absolute one stands still. */
export type TimeRange =
  | { kind: 'relative'; seconds: number; text: string }
  | { kind: 'absolute'; from: number; to: number }

export const PRESETS = ['15m', '1h', '6h', '24h', '7d', '30d', '90d', '365d'] as const
export type Preset = (typeof PRESETS)[number]

const DEFAULT_TEXT: Preset = '24h'

/** How the window before is chosen: the one that ends where this begins, or the same hours of an earlier day. */
export const COMPARISONS = ['prev', '-1d', '-7d'] as const
export type Comparison = (typeof COMPARISONS)[number]

/** As it stands in the URL. */
export interface TimeSearch {
  from?: string | undefined
  to?: string | undefined
  tz?: string | undefined
  cmp?: Comparison | undefined
  /** `0`: nothing moves until the reader says so. `1` is as it is without. */
  live?: '0' | '1' | undefined
}

export const TIME_KEYS = ['from', 'to', 'tz', 'cmp', 'live'] as const satisfies readonly (keyof TimeSearch)[]

export function relative(text: string): TimeRange | undefined {
  const match = /^(\d{1,6})([smhdwy])$/.exec(text)
  if (match === null) return undefined
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? 0)
  if (seconds < SHORTEST_SECONDS || seconds > LONGEST_SECONDS) return undefined
  return { kind: 'relative', seconds, text }
}

export const DEFAULT_RANGE: TimeRange = { kind: 'relative', seconds: 86_400, text: DEFAULT_TEXT }

/** Undefined is what cannot be understood or what the host does not answer. */
function rangeIn({ from, to }: Pick<TimeSearch, 'from' | 'to'>): TimeRange | undefined {
  if (from === undefined) return to === undefined ? DEFAULT_RANGE : undefined
  if (to === undefined || to === 'now') {
    const since = from.startsWith('now-') ? relative(from.slice(4)) : undefined
    if (since !== undefined) return since
  }
  const range = { from: Date.parse(from), to: Date.parse(to ?? '') }
  const isAnswered = isMoment(range.from) && isMoment(range.to) && range.from < range.to && !isTooLong(range)
  return isAnswered ? { kind: 'absolute', ...range } : undefined
}

const isMoment = (milliseconds: number): boolean => milliseconds >= FIRST_MOMENT && milliseconds <= LAST_MOMENT

export const isTooLong = (section: { from: number; to: number }): boolean =>
  section.to - section.from > LONGEST_SECONDS * SECOND

/** What cannot be understood is the default. */
export const parseRange = (search: Pick<TimeSearch, 'from' | 'to'>): TimeRange => rangeIn(search) ?? DEFAULT_RANGE

const nothing = () => undefined
const ALONE = {
  tz: (text: string) => (isZone(text) ? text : undefined),
  cmp: choiceOf(COMPARISONS),
  live: choiceOf(['0', '1']),
}

/** What is understood of the search part of the URL, and what stands there without meaning. */
export function readTime(raw: Readonly<Record<string, unknown>>) {
  // These two mean something only together.
  const range = rangeIn(readSearch({ from: anyText, to: anyText }, raw).search)
  const part = range === undefined ? nothing : anyText
  const { search, unknown } = readSearch({ ...ALONE, from: part, to: part }, raw)
  const understood: TimeSearch = { ...search, ...rangeToSearch(range ?? DEFAULT_RANGE) }
  return { search: understood, unknown }
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('.000Z', 'Z')

/** The default leaves the URL; both keys are always named, so that a new range clears the one before. */
export function rangeToSearch(range: TimeRange): Pick<TimeSearch, 'from' | 'to'> {
  if (range.kind === 'absolute') return { from: iso(range.from), to: iso(range.to) }
  return { from: range.text === DEFAULT_TEXT ? undefined : `now-${range.text}`, to: undefined }
}

/** As the API takes it. */
export function rangeToQuery(range: TimeRange): { from: string; to: string } {
  if (range.kind === 'relative') return { from: `now-${range.text}`, to: 'now' }
  return { from: iso(range.from), to: iso(range.to) }
}

export const rangeSeconds = (range: TimeRange): number =>
  range.kind === 'relative' ? range.seconds : (range.to - range.from) / SECOND

export const resolveRange = (range: TimeRange, now: number): { from: number; to: number } =>
  range.kind === 'relative' ? { from: now - range.seconds * SECOND, to: now } : { from: range.from, to: range.to }

/** Half of the window back (-1) or on (1), so that what stood at one edge is still in view. */
export function shiftRange(range: TimeRange, direction: -1 | 1, now: number): TimeRange {
  const { from, to } = resolveRange(range, now)
  const step = Math.round((to - from) / 2 / SECOND) * SECOND * direction
  // Nothing is to be seen beyond now: there, and just before, the window follows the clock again.
  if (direction > 0 && to + step >= now - Math.max(60 * SECOND, (to - from) / 50)) {
    const length = Math.round((to - from) / SECOND)
    return following(length) ?? { kind: 'absolute', from: now - (to - from), to: now }
  }
  return { kind: 'absolute', from: from + step, to: to + step }
}

/** Twice as long around the same middle, not beyond now. */
export function widenRange(range: TimeRange, now: number): TimeRange {
  if (range.kind === 'relative') return following(range.seconds * 2) ?? range
  const half = (range.to - range.from) / 2
  const to = Math.min(now, range.to + half)
  const widest = (LONGEST_SECONDS - 1) * SECOND
  return { kind: 'absolute', from: Math.max(to - widest, to - 4 * half), to }
}

/** The relative range of this length, called as a preset where it is one, else by the greatest unit that divides it. */
function following(seconds: number): TimeRange | undefined {
  const preset = PRESETS.map(relative).find((range) => range !== undefined && rangeSeconds(range) === seconds)
  const unit =
    (['d', 'h', 'm', 's'] as const).find((candidate) => seconds % (UNIT_SECONDS[candidate] ?? 1) === 0) ?? 's'
  return preset ?? relative(`${Math.round(seconds / (UNIT_SECONDS[unit] ?? 1))}${unit}`)
}

export function comparisonSeconds(comparison: Comparison, range: TimeRange): number {
  switch (comparison) {
    case 'prev':
      return rangeSeconds(range)
    case '-1d':
      return 86_400
    case '-7d':
      return 7 * 86_400
  }
}

/** The window before, as the API takes it. A relative one stays relative, so that its answer can be cached. */
export function comparedQuery(range: TimeRange, seconds: number): { from: string; to: string } {
  if (range.kind === 'relative') {
    return { from: `now-${Math.round(range.seconds + seconds)}s`, to: `now-${Math.round(seconds)}s` }
  }
  return { from: iso(range.from - seconds * SECOND), to: iso(range.to - seconds * SECOND) }
}

const NOW = /^now(?:-(\d{1,6}[smhdwy]))?$/i
const WITH_ZONE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$/i
const ISO_LIKE = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?$/
const DOTTED = /^(\d\d?)\.(\d\d?)\.(\d{4})(?:,?[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?$/
const CLOCK = /^(\d\d?):(\d\d)(?::(\d\d))?$/

/**
 * A moment as people write it, and as logs print it: `2026-01-31 14:05`, `31.01.2026 14:05`, `14:05` (today),
 * `2026-01-31 14:05:09.123 UTC`, `now`, `now-6h`. Without a zone it is meant in `zone`.
 */
export function parseMoment(written: string, zone: Zone, now: number): number | undefined {
  const text = written.trim()
  const ago = NOW.exec(text)
  if (ago !== null) {
    if (ago[1] === undefined) return now
    const since = relative(ago[1].toLowerCase())
    return since?.kind === 'relative' ? now - since.seconds * SECOND : undefined
  }
  const zoned = WITH_ZONE.exec(text)
  if (zoned !== null) {
    const [, date, clock, offset = 'Z'] = zoned
    const full = /^[+-]\d\d$/.test(offset) ? `${offset}:00` : offset.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
    const at = Date.parse(`${date}T${clock}${/^(utc|gmt)$/i.test(full) ? 'Z' : full.toUpperCase()}`)
    return isMoment(at) ? at : undefined
  }
  const like = ISO_LIKE.exec(text)
  if (like !== null) return wallMoment(like[1], like[2], like[3], like.slice(4), zone)
  const dotted = DOTTED.exec(text)
  if (dotted !== null) return wallMoment(dotted[3], dotted[2], dotted[1], dotted.slice(4), zone)
  const clock = CLOCK.exec(text)
  if (clock === null) return undefined
  const { year, month, day } = wallClock(now, zone)
  return wallMoment(String(year), String(month), String(day), clock.slice(1), zone)
}

type Digits = string | undefined

function wallMoment(year: Digits, month: Digits, day: Digits, clock: Digits[], zone: Zone): number | undefined {
  const wall = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(clock[0] ?? 0),
    minute: Number(clock[1] ?? 0),
    second: Number(clock[2] ?? 0),
  }
  const { month: m, day: d, hour, minute, second } = wall
  const lastDay = new Date(Date.UTC(wall.year, m, 0)).getUTCDate()
  if (m < 1 || m > 12 || d < 1 || d > lastDay || hour > 23 || minute > 59 || second > 59) return undefined
  const at = momentOf(wall, zone)
  return isMoment(at) ? at : undefined
}
