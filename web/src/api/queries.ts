import { hashKey, type QueryKey, queryOptions } from '@tanstack/react-query'
import { rangeSeconds, rangeToQuery, type TimeRange } from '../lib/time-range'
import { api, unwrap } from './client'
import type { Freshness } from './freshness'
import type { LiveEvent } from './live'
import { ApiProblem, problemFrom } from './problem'
import type { RunOutcome, SeriesResponse } from './types'

const SECOND = 1_000
const MINUTE = 60 * SECOND

export const every = (milliseconds: number, touchedBy?: (event: LiveEvent) => boolean, gap?: Freshness['gap']) => ({
  freshness: {
    every: milliseconds,
    ...(touchedBy === undefined ? {} : { touchedBy }),
    ...(gap === undefined ? {} : { gap }),
  } satisfies Freshness,
})

/**
 * While another window of the same is loaded, the one before stays. `same` comes in the key after its first part; of
 * anything else the answer before would be wrong numbers under a right name.
 */
export const keptOf =
  (...same: QueryKey) =>
  <Data>(data: Data | undefined, query: { queryKey: QueryKey } | undefined): Data | undefined =>
    query !== undefined && hashKey(query.queryKey.slice(1, 1 + same.length)) === hashKey(same) ? data : undefined

const aboutServer = (name: string) => (event: LiveEvent) => event.server === name
const aboutRuns = (event: LiveEvent) => event.kind === 'run'
/** What happened to plugins is told as an event of the host. */
const aboutPlugins = (event: LiveEvent) => event.kind === 'event'

/** Up to so many servers the list costs so little that it may be drawn anew every ten seconds. */
const FEW_SERVERS = 200
const listGap = (servers: unknown) => (Array.isArray(servers) && servers.length > FEW_SERVERS ? 30 : 10) * SECOND

/** The list shows what the host last saw, so asking for it costs the servers nothing. */
export const serversQuery = () =>
  queryOptions({
    queryKey: ['servers'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers', { signal })),
    // Of many servers one has always just been seen; the list follows them together.
    meta: every(10 * SECOND, aboutRuns, listGap),
  })

export const serverQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}', { params: { path: { name } }, signal })),
    meta: every(10 * SECOND, aboutServer(name)),
  })

export const databasesQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'databases'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}/databases', { params: { path: { name } }, signal })),
    meta: every(30 * SECOND, aboutServer(name), 5 * SECOND),
  })

export const filesystemsQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'filesystems'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}/filesystems', { params: { path: { name } }, signal })),
    meta: every(MINUTE, aboutServer(name), 10 * SECOND),
  })

export const sessionsQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'sessions'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/server_stats/{name}', { params: { path: { name } }, signal })),
    // This one does ask the server: only where the page is open, and as often as the reader chose there.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  })

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
    meta: every(MINUTE),
  })

export const pluginsQuery = () =>
  queryOptions({
    queryKey: ['plugins'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/plugins', { signal })),
    meta: every(30 * SECOND, aboutPlugins),
  })

export const pluginQuery = (name: string) =>
  queryOptions({
    queryKey: ['plugin', name],
    queryFn: ({ signal }) => unwrap(api.GET('/api/plugins/{name}', { params: { path: { name } }, signal })),
    meta: every(15 * SECOND, (event) => aboutPlugins(event) || event.plugin === name, 5 * SECOND),
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

export interface RunsFilter {
  server?: string | undefined
  plugin?: string | undefined
  outcome?: RunOutcome | undefined
}

export const LIST_LIMIT = 200

export const runsQuery = (filter: RunsFilter) =>
  queryOptions({
    queryKey: ['runs', filter],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), limit: LIST_LIMIT }
      return unwrap(api.GET('/api/runs', { params: { query }, signal }))
    },
    meta: every(10 * SECOND, (event) => event.kind === 'run' && concerns(filter, event)),
  })

/** Newest run of a plugin on a server: what it found missing is missing now. */
export const lastRunQuery = (server: string, plugin: string) =>
  queryOptions({
    queryKey: ['last run', server, plugin],
    queryFn: ({ signal }) => unwrap(api.GET('/api/runs', { params: { query: { server, plugin, limit: 1 } }, signal })),
    meta: every(MINUTE, (event) => event.kind === 'run' && concerns({ server, plugin }, event)),
  })

export interface EventsFilter {
  server?: string | undefined
  kind?: string | undefined
}

/** The newest, however old. */
export const eventsQuery = (filter: EventsFilter, limit: number) =>
  queryOptions({
    queryKey: ['events', filter, limit],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), limit }
      return unwrap(api.GET('/api/events', { params: { query }, signal }))
    },
    meta: every(10 * SECOND, (event) => event.kind !== 'run'),
  })

/** As many as one answer may have. */
export const EVENTS_MAX = 1_000

/** What happened within a window: as a list, or as marks of charts of the same. */
export const eventsWithinQuery = (filter: EventsFilter, range: TimeRange, limit = LIST_LIMIT) =>
  queryOptions({
    queryKey: ['events', filter, limit, rangeToQuery(range)],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), ...rangeToQuery(range), limit }
      return unwrap(api.GET('/api/events', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter, limit),
    meta: range.kind === 'absolute' ? {} : every(MINUTE, (event) => event.kind !== 'run'),
  })

const concerns = (filter: RunsFilter, event: LiveEvent): boolean =>
  (filter.server === undefined || filter.server === event.server) &&
  (filter.plugin === undefined || filter.plugin === event.plugin)

export const settingsQuery = () =>
  queryOptions({
    queryKey: ['settings'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/settings', { signal })),
  })

export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/health', { signal })),
    meta: every(30 * SECOND),
  })

/** Whether the host can work, and if not, what fails: the answer says the same either way. */
export const readinessQuery = () =>
  queryOptions({
    queryKey: ['ready'],
    queryFn: async ({ signal }) => {
      const { data, error, response } = await api.GET('/api/ready', { signal })
      const answer = data ?? error
      if (answer !== undefined && 'checks' in answer) return answer
      throw problemFrom(response, error)
    },
    meta: every(30 * SECOND),
  })

/** The version for those who are not signed in yet. */
export const versionQuery = () =>
  queryOptions({
    queryKey: ['version'],
    queryFn: async () => {
      const response = await fetch('/api/health')
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      const body: unknown = await response.json()
      return typeof body === 'object' && body !== null && 'version' in body ? String(body.version) : null
    },
    staleTime: MINUTE,
  })

/** The main script that the host serves now; another one than ours means that the host was updated. */
export const newestPageQuery = () =>
  queryOptions({
    queryKey: ['newest page'],
    queryFn: async ({ signal }) => {
      // To whoever takes anything the host introduces itself instead.
      const response = await fetch('/', { signal, cache: 'no-cache', headers: { Accept: 'text/html' } })
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return mainScript(await response.text())
    },
    staleTime: 5 * MINUTE,
    retry: false,
    meta: every(5 * MINUTE),
  })

/** Its name changes with every build. */
export const mainScript = (html: string): string => /<script[^>]+src="([^"]*\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''

function withoutUnset<Filter extends object>(filter: Filter): Partial<Filter> {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined)
  // The keys are those of `filter`; `Object.entries` forgets that.
  return Object.fromEntries(set) as Partial<Filter>
}
