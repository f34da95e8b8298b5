import { hashKey, type QueryKey, queryOptions } from '@tanstack/react-query'
import { rangeToQuery, type TimeRange } from '../lib/time-range'
import { api, unwrap } from './client'
import type { Freshness } from './freshness'
import type { LiveEvent } from './live'
import { problemFrom, unreachable } from './problem'
import type { RunOutcome } from './types'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND

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

export const aboutServer = (name: string) => (event: LiveEvent) => event.server === name
const aboutRuns = (event: LiveEvent) => event.kind === 'run'
/** What happened to plugins is told as an event of the host. */
export const aboutPlugins = (event: LiveEvent) => event.kind === 'event'

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

export interface RunsFilter {
  server?: string | undefined
  plugin?: string | undefined
  outcome?: RunOutcome | undefined
}

export const LIST_LIMIT = 200

/** The newest, however old. */
export const runsQuery = (filter: RunsFilter) =>
  queryOptions({
    queryKey: ['runs', filter],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), limit: LIST_LIMIT }
      return unwrap(api.GET('/api/runs', { params: { query }, signal }))
    },
    meta: every(10 * SECOND, (event) => event.kind === 'run' && concerns(filter, event)),
  })

/** Within a window, and `before` a run of it: a long list is read on there. */
export const runsWithinQuery = (filter: RunsFilter, range: TimeRange, before: string | undefined) =>
  queryOptions({
    queryKey: ['runs', filter, rangeToQuery(range), before],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset({ ...filter, before }), ...rangeToQuery(range), limit: LIST_LIMIT }
      return unwrap(api.GET('/api/runs', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter),
    meta:
      range.kind === 'absolute' || before !== undefined
        ? {}
        : every(10 * SECOND, (event) => event.kind === 'run' && concerns(filter, event)),
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
export const eventsWithinQuery = (
  filter: EventsFilter,
  range: TimeRange,
  { limit = LIST_LIMIT, before }: { limit?: number; before?: string | undefined } = {},
) =>
  queryOptions({
    queryKey: ['events', filter, limit, rangeToQuery(range), before],
    queryFn: ({ signal }) => {
      const after = before === undefined ? {} : { before: Number(before) }
      const query = { ...withoutUnset(filter), ...rangeToQuery(range), ...after, limit }
      return unwrap(api.GET('/api/events', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter, limit),
    meta: range.kind === 'absolute' || before !== undefined ? {} : every(MINUTE, (event) => event.kind !== 'run'),
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
      const response = await fetch('/', { signal, cache: 'no-cache', headers: { Accept: 'text/html' } }).catch(() => {
        throw unreachable()
      })
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return mainScript(await response.text())
    },
    staleTime: 5 * MINUTE,
    retry: false,
    meta: every(5 * MINUTE),
  })

/** Its name changes with every build. */
export const mainScript = (html: string): string => /<script[^>]+src="([^"]*\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''

export function withoutUnset<Filter extends object>(filter: Filter): Partial<Filter> {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined)
  // The keys are those of `filter`; `Object.entries` forgets that.
  return Object.fromEntries(set) as Partial<Filter>
}
