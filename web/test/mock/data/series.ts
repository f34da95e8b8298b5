import type { SeriesResponse } from '../../../src/api/types.ts'
import { DAY, GB, noise, parseTime, SECOND } from './base.ts'
import { DATABASES } from './databases.ts'

export const METRICS: Record<string, { kind: 'gauge' | 'counter'; unit: string; base: number }> = {
  numbackends: { kind: 'gauge', unit: '', base: 30 },
  bytes: { kind: 'gauge', unit: 'bytes', base: 40 * GB },
  xact_commit: { kind: 'counter', unit: '', base: 120 },
  xact_rollback: { kind: 'counter', unit: '', base: 2 },
  blks_hit: { kind: 'counter', unit: '', base: 90_000 },
  blks_read: { kind: 'counter', unit: '', base: 900 },
  tup_returned: { kind: 'counter', unit: '', base: 800_000 },
  tup_fetched: { kind: 'counter', unit: '', base: 120_000 },
  tup_inserted: { kind: 'counter', unit: '', base: 500 },
  tup_updated: { kind: 'counter', unit: '', base: 900 },
  tup_deleted: { kind: 'counter', unit: '', base: 60 },
  temp_bytes: { kind: 'counter', unit: 'bytes', base: 3_000_000 },
  deadlocks: { kind: 'counter', unit: '', base: 0.0004 },
  conflicts: { kind: 'counter', unit: '', base: 0 },
}

function resolutionFor(seconds: number): { resolution: SeriesResponse['resolution']; step: number } {
  if (seconds <= 2 * 86_400) return { resolution: 'raw', step: seconds > 86_400 / 2 ? 300 : 60 }
  if (seconds <= 14 * 86_400) return { resolution: 'hour', step: 3_600 }
  if (seconds <= 90 * 86_400) return { resolution: '4hour', step: 4 * 3_600 }
  return { resolution: 'day', step: 86_400 }
}

export function makeSeries(query: URLSearchParams): SeriesResponse {
  const from = parseTime(query.get('from'), Date.now() - DAY) / SECOND
  const to = parseTime(query.get('to'), Date.now()) / SECOND
  const { resolution, step } = resolutionFor(to - from)
  const names = (query.get('metrics') ?? '').split(',').filter((name) => name in METRICS)
  const label = query.get('labels')?.replace(/^datname:/, '')
  const databases = label === undefined ? ['', ...DATABASES] : [label]
  const first = Math.ceil(from / step) * step
  const timestamps = Array.from(
    { length: Math.max(0, Math.floor((to - first) / step) + 1) },
    (_, index) => first + index * step,
  )
  const set = query.get('set') ?? ''
  return {
    server: query.get('server') ?? '',
    set,
    resolution,
    from: new Date(from * SECOND).toISOString(),
    to: new Date(to * SECOND).toISOString(),
    interval_seconds: step,
    metrics: names.map((name) => ({
      name,
      full_name: `${set}_${name}`,
      kind: METRICS[name]?.kind ?? 'gauge',
      unit: METRICS[name]?.unit ?? '',
      help: name,
    })),
    timestamps,
    series_left_out: 0,
    series: names.flatMap((metric) =>
      databases.map((datname, database) => ({
        metric,
        labels: { datname },
        values: timestamps.map((at, index) => valueAt(metric, database, at, index / timestamps.length)),
      })),
    ),
  }
}

function valueAt(metric: string, database: number, at: number, position: number): number | null {
  // A gap, as an outage leaves it.
  if (position > 0.42 && position < 0.46) return null
  const base = METRICS[metric]?.base ?? 1
  const share = [0.02, 1, 0.7, 0.05, 0.3, 0.15, 0.4, 0.2][database] ?? 0.1
  if (metric === 'bytes') return Math.round(base * share * (1 + 0.15 * position))
  const daily = 1 + 0.6 * Math.sin(((at % 86_400) / 86_400) * 2 * Math.PI - 2)
  const value = base * share * daily * (0.85 + 0.3 * noise(at / 60 + database * 7 + metric.length))
  return metric === 'numbackends' ? Math.round(value) : value
}
