import type { AnalysedDatabase, AnalysisCriteria, DatabaseAnalysis } from '../../../src/api/types.ts'
import { ago, DAY, GB, parseTime } from './base.ts'

const one = (name: string, part: Partial<AnalysedDatabase>): AnalysedDatabase => ({
  name,
  verdict: 'active',
  reason_code: 'used',
  reason: '10000 transactions per hour over 5.0 connections',
  needed_days: null,
  observed_days: 31.3,
  idle_days: 0,
  last_active_at: ago(0),
  transactions: 7_500_000,
  transactions_per_hour: 10_000,
  rows_read: 40_000_000,
  rows_written: 75_000,
  connections_mean: 5,
  connections_max: 9,
  size_bytes: 5 * GB,
  is_watched_through: false,
  ...part,
})

const idle = { transactions_per_hour: 180, idle_days: 31.3, last_active_at: null } as const

const DATABASES: AnalysedDatabase[] = [
  one('archive_2024', { ...idle, verdict: 'dead', reason_code: 'unused', connections_mean: 0, size_bytes: 230 * GB }),
  one('keycloak', { ...idle, verdict: 'static', reason_code: 'connected-but-idle' }),
  one('reports', {
    verdict: 'low-activity',
    reason_code: 'little-used',
    transactions_per_hour: 600,
    connections_mean: 1,
  }),
  one('app', {}),
  one('postgres', { transactions_per_hour: 1_900, is_watched_through: true, size_bytes: GB / 100 }),
  one('young', {
    verdict: 'not-enough-data',
    reason_code: 'observed-too-shortly',
    observed_days: 5,
    idle_days: 5,
    needed_days: 30,
    size_bytes: null,
  }),
]

/** A server with more of them than one answer may have. */
export const CROWDED = 'dwh-01'
const TENANTS = Array.from({ length: 1_203 }, (_, index) => one(`tenant_${String(index + 1).padStart(4, '0')}`, {}))

export function makeAnalysis(query: URLSearchParams, criteria: AnalysisCriteria): DatabaseAnalysis {
  const verdicts = ['dead', 'static', 'low-activity', 'active', 'not-enough-data'] as const
  const server = query.get('server') ?? ''
  const databases = server === CROWDED ? [...DATABASES, ...TENANTS] : DATABASES
  const limit = Number(query.get('limit') ?? 50)
  const offset = Number(query.get('offset') ?? 0)
  return {
    server,
    from: new Date(parseTime(query.get('from'), Date.now() - 31 * DAY)).toISOString(),
    to: new Date(parseTime(query.get('to'), Date.now())).toISOString(),
    resolution: 'hour',
    criteria: Object.fromEntries(Object.entries(criteria).map(([key, { value }]) => [key, value])),
    totals: verdicts.map((verdict) => {
      const ones = databases.filter((database) => database.verdict === verdict)
      return {
        verdict,
        count: ones.length,
        size_bytes: ones.reduce((sum, database) => sum + (database.size_bytes ?? 0), 0),
      }
    }),
    items: databases.slice(offset, offset + limit),
    total: databases.length,
    limit,
    offset,
  }
}

export function makeCriteria(): AnalysisCriteria {
  const criterion = (value: number, min: number, max: number, unit: string) => ({
    value,
    default: value,
    min,
    max,
    unit,
    description: '',
    updated_at: null,
  })
  return {
    dead_days: criterion(30, 1, 365, 'days'),
    static_connections_days: criterion(30, 1, 90, 'days'),
    low_activity_connections: criterion(2, 1, 20, 'connections'),
    low_activity_transactions_per_hour: criterion(1_200, 1, 1_000_000, 'transactions per hour'),
    background_transactions_per_hour: criterion(300, 0, 1_000_000, 'transactions per hour'),
    background_rows_read_per_hour: criterion(1_000_000, 0, 1_000_000_000, 'rows per hour'),
    background_rows_written_per_hour: criterion(0, 0, 1_000_000, 'rows per hour'),
  }
}
