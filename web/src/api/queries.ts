import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { parseRange, type RangeSearch, rangeSeconds, rangeToQuery } from '../lib/url-state'
import { api, unwrap } from './client'
import type { RunOutcome } from './types'

const SECOND = 1_000

/** The list shows what the host last saw, so asking for it costs the servers nothing. */
const STATUS_EVERY = 10 * SECOND
const SLOW_EVERY = 60 * SECOND

export const serversQuery = () =>
  queryOptions({
    queryKey: ['servers'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers', { signal })),
    refetchInterval: STATUS_EVERY,
  })

export const serverQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}', { params: { path: { name } }, signal })),
    refetchInterval: STATUS_EVERY,
  })

export const databasesQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'databases'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}/databases', { params: { path: { name } }, signal })),
    refetchInterval: SLOW_EVERY / 2,
  })

export const filesystemsQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'filesystems'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/servers/{name}/filesystems', { params: { path: { name } }, signal })),
    refetchInterval: SLOW_EVERY,
  })

export const sessionsQuery = (name: string) =>
  queryOptions({
    queryKey: ['server', name, 'sessions'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/server_stats/{name}', { params: { path: { name } }, signal })),
    // This one does ask the server: only when the page opens and when the user says so.
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
}

/** Points that a chart of full width can show one beside the other. */
const MAX_POINTS = 1_000

/** New points come no faster than servers are asked, and long windows move slowly. */
function refreshEvery(search: RangeSearch): number | false {
  const range = parseRange(search)
  if (range.kind === 'absolute') return false
  return rangeSeconds(range.name) <= 86_400 ? SLOW_EVERY / 2 : 10 * SLOW_EVERY
}

export const seriesQuery = (request: SeriesRequest, search: RangeSearch) =>
  queryOptions({
    queryKey: ['series', request, search],
    queryFn: ({ signal }) => {
      const { server, set, labels } = request
      const metrics = request.metrics.join(',')
      const window = rangeToQuery(parseRange(search))
      const query = {
        server,
        set,
        metrics,
        ...window,
        max_points: MAX_POINTS,
        ...(labels === undefined ? {} : { labels }),
      }
      return unwrap(api.GET('/api/series', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
    refetchInterval: refreshEvery(search),
  })

export const pluginsQuery = () =>
  queryOptions({
    queryKey: ['plugins'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/plugins', { signal })),
    refetchInterval: SLOW_EVERY / 2,
  })

export const pluginQuery = (name: string) =>
  queryOptions({
    queryKey: ['plugin', name],
    queryFn: ({ signal }) => unwrap(api.GET('/api/plugins/{name}', { params: { path: { name } }, signal })),
    refetchInterval: SLOW_EVERY / 2,
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
    placeholderData: keepPreviousData,
    refetchInterval: STATUS_EVERY,
  })

export interface EventsFilter {
  server?: string | undefined
  kind?: string | undefined
}

export const eventsQuery = (filter: EventsFilter) =>
  queryOptions({
    queryKey: ['events', filter],
    queryFn: ({ signal }) => {
      const query = { ...withoutUnset(filter), limit: LIST_LIMIT }
      return unwrap(api.GET('/api/events', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
    refetchInterval: STATUS_EVERY,
  })

export const settingsQuery = () =>
  queryOptions({
    queryKey: ['settings'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/settings', { signal })),
  })

export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: async () => {
      const response = await fetch('/api/health')
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      const body: unknown = await response.json()
      return typeof body === 'object' && body !== null && 'version' in body ? String(body.version) : null
    },
    staleTime: SLOW_EVERY,
  })

function withoutUnset<Filter extends object>(filter: Filter): Partial<Filter> {
  const set = Object.entries(filter).filter(([, value]) => value !== undefined)
  // The keys are those of `filter`; `Object.entries` forgets that.
  return Object.fromEntries(set) as Partial<Filter>
}
