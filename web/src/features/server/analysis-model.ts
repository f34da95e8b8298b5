import type { AnalysedDatabase, AnalysisCriteria, DatabaseAnalysis } from '../../api/types'
import type { Messages } from '../../i18n/en/en'
import { csvText } from '../../lib/csv'
import { rangeSeconds, rangeToQuery, type TimeRange } from '../../lib/time-range'
import type { Units } from '../../lib/units'
import { isValidSetting } from '../settings/settings-model'

export type Verdict = AnalysedDatabase['verdict']

/** What one looks for first. */
export const VERDICTS = [
  'dead',
  'static',
  'low-activity',
  'active',
  'not-enough-data',
] as const satisfies readonly Verdict[]

export const CRITERIA = [
  'dead_days',
  'static_connections_days',
  'low_activity_connections',
  'low_activity_transactions_per_hour',
  'background_transactions_per_hour',
  'background_rows_read_per_hour',
  'background_rows_written_per_hour',
] as const
export type CriterionKey = (typeof CRITERIA)[number]
export type CriteriaDraft = Partial<Record<CriterionKey, string>>

const DAY_MS = 86_400_000

/** The host looks at no longer time than this at once. */
const WINDOW_DAYS_MAX = 400

/** Of a window that is longer, the newest part. */
export function judgedWindow(range: TimeRange): { from: string; to: string } {
  if (rangeSeconds(range) <= WINDOW_DAYS_MAX * 86_400) return rangeToQuery(range)
  if (range.kind === 'relative') return { from: `now-${WINDOW_DAYS_MAX}d`, to: 'now' }
  return rangeToQuery({ ...range, from: range.to - WINDOW_DAYS_MAX * DAY_MS })
}

export const periodDays = ({ from, to }: Pick<DatabaseAnalysis, 'from' | 'to'>): number =>
  (Date.parse(to) - Date.parse(from)) / DAY_MS

/** Of how much of the period anything is known: a server may have been added a moment ago. */
export function knownDays(analysis: Pick<DatabaseAnalysis, 'from' | 'to' | 'items'>): number {
  const longest = Math.max(0, ...analysis.items.map((one) => one.observed_days ?? 0))
  return Math.min(periodDays(analysis), longest)
}

/** The host leaves alone what is null. */
export const UNCHANGED: Record<CriterionKey, null> = {
  dead_days: null,
  static_connections_days: null,
  low_activity_connections: null,
  low_activity_transactions_per_hour: null,
  background_transactions_per_hour: null,
  background_rows_read_per_hour: null,
  background_rows_written_per_hour: null,
}

/** Why, in the reader's language; what this page does not know yet comes in the host's own words. */
export function reasonText(one: AnalysedDatabase, t: Messages['analysis'], u: Units): string {
  const days = u.days(one.idle_days ?? one.observed_days)
  const known = u.days(one.observed_days)
  const needed = u.days(one.needed_days)
  const perHour = u.count(one.transactions_per_hour)
  const connections = u.count(one.connections_mean)
  switch (one.reason_code) {
    case 'used':
    case 'little-used':
      return t.reasons.used(perHour, connections)
    case 'connected-but-idle':
      return t.reasons.connectedButIdle(connections, days)
    case 'unused':
      return one.connections_mean == null ? t.reasons.unusedConnectionsUnknown(days) : t.reasons.unused(days)
    case 'no-samples':
      return t.reasons.noSamples
    case 'nothing-to-compare':
      return t.reasons.nothingToCompare
    case 'observed-too-shortly':
      return t.reasons.observedTooShortly(known, needed)
    case 'rows-not-counted':
      return t.reasons.rowsNotCounted(days, needed)
    case 'too-early-for-low-activity':
      return t.reasons.tooEarlyForLowActivity(perHour, known, needed)
    default:
      return one.reason
  }
}

/** What was changed and is right, as numbers; nothing where anything is wrong. */
export function changedCriteria(stored: AnalysisCriteria, draft: CriteriaDraft): Partial<Record<CriterionKey, number>> {
  const changed: Partial<Record<CriterionKey, number>> = {}
  for (const key of CRITERIA) {
    const [criterion, text] = [stored[key], draft[key]]
    if (criterion === undefined || text === undefined || text === String(criterion.value)) continue
    if (!isValidSetting(criterion, text)) return {}
    changed[key] = Number(text)
  }
  return changed
}

export function analysisCsv(rows: readonly AnalysedDatabase[], names: Messages['analysis']['columns']): string {
  return csvText(
    [
      names.name,
      names.verdict,
      names.reason,
      names.idle,
      names.transactions,
      names.connections,
      `${names.size}, bytes`,
    ],
    rows.map((one) => [
      one.name,
      one.verdict,
      one.reason,
      one.idle_days,
      one.transactions_per_hour,
      one.connections_mean,
      one.size_bytes,
    ]),
  )
}
