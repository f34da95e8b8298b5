import type { SeriesResponse } from '../../../src/api/types.ts'
import { DAY, noise, parseTime, SECOND } from './base.ts'
import { type MockMetric, SETS } from './sets.ts'

function resolutionFor(seconds: number): { resolution: SeriesResponse['resolution']; step: number } {
  if (seconds <= 2 * 86_400) return { resolution: 'raw', step: seconds > 86_400 / 2 ? 300 : 60 }
  if (seconds <= 14 * 86_400) return { resolution: 'hour', step: 3_600 }
  if (seconds <= 90 * 86_400) return { resolution: '4hour', step: 4 * 3_600 }
  return { resolution: 'day', step: 86_400 }
}

/** Lines of a daily rise and fall, with a gap as an outage leaves it; each server and each series its own. */
export function makeSeries(query: URLSearchParams): SeriesResponse {
  const from = parseTime(query.get('from'), Date.now() - DAY) / SECOND
  const to = parseTime(query.get('to'), Date.now()) / SECOND
  const { resolution, step } = resolutionFor(to - from)
  const setName = query.get('set') ?? ''
  const set = SETS[setName]
  const asked = query.get('metrics')?.split(',')
  const metrics = Object.entries(set?.metrics ?? {}).filter(([name]) => asked === undefined || asked.includes(name))
  const streams = (set?.streams ?? [])
    .map((values, index) => ({ index, labels: labelsOf(set?.labels ?? [], values) }))
    .filter(({ labels }) => matchesLabels(labels, query.get('labels')))
  const first = Math.ceil(from / step) * step
  // As the host: times are those of what was found.
  const count = streams.length === 0 ? 0 : Math.max(0, Math.floor((to - first) / step) + 1)
  const timestamps = Array.from({ length: count }, (_, index) => first + index * step)
  const seed = hash(query.get('server') ?? '')
  const top = Number(query.get('top') ?? streams.length)
  const values = (name: string, metric: MockMetric) =>
    streams.map(({ index, labels }) => ({
      metric: name,
      labels,
      values: timestamps.map((at, place) => valueAt(metric, seed + index * 7, index, at, place / timestamps.length)),
    }))
  const all = metrics.flatMap(([name, metric]) => values(name, metric).toSorted((a, b) => mean(b) - mean(a)))
  const rest = all.slice(top)
  const sums = metrics.map(([metric]) => {
    const ones = all.filter((one) => one.metric === metric)
    return { metric, labels: {}, values: timestamps.map((_, place) => sum(ones.map((one) => one.values[place]))) }
  })
  return {
    server: query.get('server') ?? '',
    set: setName,
    resolution,
    from: new Date(from * SECOND).toISOString(),
    to: new Date(to * SECOND).toISOString(),
    interval_seconds: step,
    metrics: metrics.map(([name, { kind, unit, help }]) => ({
      name,
      full_name: `${setName}_${name}`,
      kind,
      unit,
      help,
    })),
    timestamps,
    series_left_out: 0,
    rest:
      rest.length === 0
        ? null
        : {
            series_count: rest.length,
            values: timestamps.map((_, place) => sum(rest.map((one) => one.values[place]))),
          },
    series:
      query.get('sum') === 'true'
        ? sums
        : query.has('top')
          ? all.slice(0, top)
          : metrics.flatMap(([name, metric]) => values(name, metric)),
  }
}

const sum = (values: readonly (number | null | undefined)[]): number | null =>
  values.reduce<number | null>((total, value) => (value == null ? total : (total ?? 0) + value), null)

const mean = ({ values }: { values: (number | null)[] }): number => (sum(values) ?? 0) / Math.max(1, values.length)

const labelsOf = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))

/** `datname:app,state:idle`; a comma within a value is escaped. */
function matchesLabels(labels: Record<string, string>, wanted: string | null): boolean {
  if (wanted === null) return true
  return wanted.split(/(?<!\\),/).every((part) => {
    const colon = part.indexOf(':')
    return labels[part.slice(0, colon)] === part.slice(colon + 1).replace(/\\(.)/g, '$1')
  })
}

const hash = (text: string): number => [...text].reduce((before, char) => (before * 31 + char.charCodeAt(0)) % 1_000, 7)

const SHARES = [0.02, 1, 0.7, 0.05, 0.3, 0.15, 0.4, 0.2]

function valueAt(metric: MockMetric, seed: number, stream: number, at: number, position: number): number | null {
  if (position > 0.42 && position < 0.46) return null
  const { base, kind, unit } = metric
  const share = SHARES[(stream + 1) % SHARES.length] ?? 0.1
  if (unit === 'bytes' && kind === 'gauge') return Math.round(base * share * (1 + 0.15 * position))
  const daily = 1 + 0.6 * Math.sin(((at % 86_400) / 86_400) * 2 * Math.PI - 2 + (seed % 5) / 4)
  const value = base * share * daily * (0.85 + 0.3 * noise(at / 60 + seed))
  if (unit === 'ratio') return Math.min(1, value)
  return kind === 'gauge' && unit === '' ? Math.round(value) : value
}
