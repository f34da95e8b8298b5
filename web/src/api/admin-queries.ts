import { queryOptions } from '@tanstack/react-query'
import { rangeToQuery, type TimeRange } from '../lib/time-range'
import { api, unwrap } from './client'
import { every, keptOf } from './queries'

const SECOND = 1_000
const MINUTE = 60 * SECOND

export const usersQuery = () =>
  queryOptions({
    queryKey: ['users'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/users', { signal })),
    meta: every(MINUTE),
  })

export const sshKeysQuery = () =>
  queryOptions({
    queryKey: ['ssh-keys'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/ssh-keys', { signal })),
    meta: every(MINUTE),
  })

export const keyServersQuery = (id: string) =>
  queryOptions({
    queryKey: ['ssh-keys', id, 'servers'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/ssh-keys/{id}/servers', { params: { path: { id } }, signal })),
  })

export const ownSessionsQuery = () =>
  queryOptions({
    queryKey: ['own sessions'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/users/me/sessions', { signal })),
    meta: every(MINUTE),
  })

/** Rows of one page of a trail. */
export const PAGE_SIZE = 100

/** Pages count from 1. */
const pageOf = (page: number, range: TimeRange) => {
  const { from, to } = rangeToQuery(range)
  // A window that follows the clock has no end: what is written this very second belongs to it.
  const until = range.kind === 'relative' ? {} : { date_to: to }
  return { limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE, date_from: from, ...until }
}

export interface AuditFilter {
  who: string
  kind: string | undefined
  /** The kind that is left out. */
  without: string | undefined
}

export const auditQuery = (filter: AuditFilter, page: number, range: TimeRange) =>
  queryOptions({
    queryKey: ['audit', filter, page, range],
    queryFn: ({ signal }) => {
      const { who, kind = '', without = '' } = filter
      const query = { ...pageOf(page, range), username: who, event_type: kind, without }
      return unwrap(api.GET('/api/audit/sessions', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter),
    meta: range.kind === 'relative' ? every(15 * SECOND) : {},
  })

export const auditStatsQuery = () =>
  queryOptions({
    queryKey: ['audit stats'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/audit/sessions/stats', { signal })),
    meta: every(30 * SECOND),
  })

export interface LogFilter {
  text: string
  level: string | undefined
  source: string | undefined
}

export const logsQuery = (filter: LogFilter, page: number, range: TimeRange) =>
  queryOptions({
    queryKey: ['logs', filter, page, range],
    queryFn: ({ signal }) => {
      const { text, level = '', source = '' } = filter
      const query = { ...pageOf(page, range), search: text, level, source }
      return unwrap(api.GET('/api/logs', { params: { query }, signal }))
    },
    placeholderData: keptOf(filter),
    meta: range.kind === 'relative' ? every(10 * SECOND) : {},
  })

export const logStatsQuery = () =>
  queryOptions({
    queryKey: ['log stats'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/logs/stats', { signal })),
    meta: every(30 * SECOND),
  })
