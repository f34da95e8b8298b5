import { queryOptions } from '@tanstack/react-query'
import { rangeSeconds, rangeToQuery, type TimeRange } from '../lib/time-range'
import { api, unwrap } from './client'
import { ApiProblem } from './problem'
import { aboutPlugins, aboutServer, every, keptOf, MINUTE, SECOND, withoutUnset } from './queries'
import type { SeriesResponse } from './types'

/** What was collected and what it cost, over time; apart from the others, which every page needs. */

export interface SeriesRequest {
  server: string
  set: string
  metrics: readonly string[]
  /** `datname:app`; none = every series of the set. */
  labels?: string | undefined
  /** So many series, the greatest; the others come summed up. */
  top?: number | undefined
  /** One series for each metric: the sum of all that match. */
  sum?: boolean | undefined
}

/**
 * A day of samples at the usual minute: with fewer, a day would come by the hour, and a server that was added just now
 * would be one dot in it.
 */
const MAX_POINTS = 1_500

/** New points come no faster than servers are asked, and long windows move slowly. */
function seriesFreshness(request: SeriesRequest, range: TimeRange) {
  if (range.kind === 'absolute') return undefined
  return rangeSeconds(range) <= 86_400
    ? every(30 * SECOND, aboutServer(request.server), 5 * SECOND)
    : every(10 * MINUTE, aboutServer(request.server), MINUTE)
}

/** A set that no plugin ever declared has no series; that its plugin is not there is told where plugins are. */
async function orNothing(
  answer: Promise<SeriesResponse>,
  asked: { server: string; set: string },
  range: TimeRange,
): Promise<SeriesResponse> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.kind !== 'no-such-metric-set') throw error
    const to = range.kind === 'absolute' ? range.to : Date.now()
    const from = to - rangeSeconds(range) * SECOND
    const window = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    const { server, set } = asked
    const nothing = { metrics: [], timestamps: [], series: [], rest: null, series_left_out: 0 }
    return { server, set, resolution: 'raw', interval_seconds: 0, ...window, ...nothing }
  }
}

/** A window as the API takes it; `range` says how fast it moves. */
export const seriesQuery = (request: SeriesRequest, range: TimeRange, window = rangeToQuery(range)) =>
  queryOptions({
    queryKey: ['series', request, window],
    queryFn: ({ signal }) => {
      const { server, set, labels, top, sum } = request
      const metrics = request.metrics.join(',')
      const query = { server, set, metrics, ...window, max_points: MAX_POINTS, ...withoutUnset({ labels, top, sum }) }
      return orNothing(unwrap(api.GET('/api/series', { params: { query }, signal })), query, range)
    },
    placeholderData: keptOf(request),
    meta: seriesFreshness(request, range) ?? {},
  })

const SPARK_RANGE: TimeRange = { kind: 'relative', seconds: 3 * 3_600, text: '3h' }
/** As many points as three hours can have at the shortest interval that is usual. */
const SPARK_POINTS = 400

/** Connections of one server for the last three hours: one short series, cheap enough for every row in view. */
export const sparkQuery = (server: string) =>
  queryOptions({
    queryKey: ['spark', server],
    queryFn: ({ signal }) => {
      const query = {
        server,
        set: 'pg_connections',
        metrics: 'used',
        ...rangeToQuery(SPARK_RANGE),
        max_points: SPARK_POINTS,
      }
      return orNothing(unwrap(api.GET('/api/series', { params: { query }, signal })), query, SPARK_RANGE)
    },
    staleTime: MINUTE,
    retry: false,
    // It is 72 pixels wide: a minute moves it by less than one.
    meta: every(3 * MINUTE),
  })

export const ANALYSIS_KEY = ['analysis'] as const

/** As many as one answer may have. */
const ANALYSIS_LIMIT = 10_000

/** Over the window that one chose, or over as long a time as the criteria need. All databases, however many. */
export const analysisQuery = (server: string, window: { from?: string; to?: string }) =>
  queryOptions({
    queryKey: [...ANALYSIS_KEY, server, window],
    queryFn: async ({ signal }) => {
      const page = (offset: number) => {
        const query = { server, ...window, limit: ANALYSIS_LIMIT, offset, sort: 'name' as const }
        return unwrap(api.GET('/api/analysis', { params: { query }, signal }))
      }
      const first = await page(0)
      const items = [...first.items]
      for (let got = items.length; got > 0 && items.length < first.total; ) {
        const next = await page(items.length)
        got = next.items.length
        items.push(...next.items)
      }
      return { ...first, items }
    },
    placeholderData: keptOf(server),
    meta: every(10 * MINUTE),
  })

export const criteriaQuery = () =>
  queryOptions({
    queryKey: [...ANALYSIS_KEY, 'criteria', ''],
    queryFn: ({ signal }) => unwrap(api.GET('/api/analysis/criteria', { signal })),
  })

/** Everything that any probe declares or has declared. */
export const metricSetsQuery = () =>
  queryOptions({
    queryKey: ['metric sets'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/metric-sets', { signal })),
    meta: every(MINUTE, aboutPlugins),
  })

/** On which servers each of the plugins runs: that changes with plugins.toml and with the servers, not with each run. */
export const placesQuery = (plugins: readonly string[] | undefined) =>
  queryOptions({
    queryKey: ['places', plugins],
    queryFn: ({ signal }) => {
      const placesOf = async (name: string) => {
        const { on_servers: places } = await unwrap(
          api.GET('/api/plugins/{name}', { params: { path: { name } }, signal }),
        )
        return { plugin: name, servers: places.flatMap(({ server }) => server ?? []) }
      }
      return Promise.all((plugins ?? []).map(placesOf))
    },
    enabled: plugins !== undefined,
    meta: every(MINUTE, aboutPlugins),
  })

export interface CostsFilter {
  server?: string | undefined
  plugin?: string | undefined
}

/** What runs cost in a window, which goes by whole hours: in all by plugin and server, or hour by hour. */
export const costsQuery = (
  filter: CostsFilter,
  range: TimeRange,
  by: 'server' | 'hour' = 'server',
  window = rangeToQuery(range),
) =>
  queryOptions({
    queryKey: ['costs', filter, by, window],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), by, ...window }
      return unwrap(api.GET('/api/costs', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter, by),
    meta: range.kind === 'absolute' ? {} : every(MINUTE),
  })
