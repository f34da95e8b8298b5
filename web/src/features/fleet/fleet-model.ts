import type { Condition, ServerStatus } from '../../api/types'
import { CONDITIONS, conditionOf, connectionCounts, diskUsage, isStale } from '../../blocks/server-state'
import { usageTone } from '../../blocks/usage-bar'

export type Trouble = { kind: 'disk'; used: number } | { kind: 'stale' }

export interface Judged {
  server: ServerStatus
  condition: Condition
  troubles: Trouble[]
}

/** How bad a server is, and what makes it worse than the host's own word for it. */
export function judge(server: ServerStatus, now: number): Judged {
  const troubles: Trouble[] = []
  const used = diskUsage(server)
  if (used !== null && usageTone(used) === 'bad') troubles.push({ kind: 'disk', used })
  if (server.state !== 'unreachable' && isStale(server, now)) troubles.push({ kind: 'stale' })
  return { server, condition: conditionOf(server, now), troubles }
}

/** When the oldest of the numbers was seen that are told here; null where there is none. */
export function oldest(servers: readonly ServerStatus[]): number | null {
  const seen = servers.flatMap(({ checked_at, outdated }) => [checked_at, ...outdated.map(({ since }) => since)])
  const known = seen.flatMap((at) => (at == null ? [] : [Date.parse(at)]))
  return known.length === 0 ? null : Math.min(...known)
}

/** Names of those of which something could not be collected, though they answer. */
export const incompleteOf = (servers: readonly ServerStatus[]): string[] =>
  servers.filter((server) => server.not_collected.length + server.outdated.length > 0).map((server) => server.name)

/** The worst first; of equally bad ones what is so for longest. */
export function worstFirst(judged: readonly Judged[]): Judged[] {
  return judged
    .filter(({ condition }) => condition !== 'ok' && condition !== 'pending')
    .toSorted((a, b) => rank(a) - rank(b) || sinceOf(a) - sinceOf(b))
}

export const rank = ({ condition }: Judged): number => CONDITIONS.indexOf(condition)

const sinceOf = ({ server }: Judged): number => Date.parse(server.state_since ?? '') || Number.POSITIVE_INFINITY

export interface Totals {
  servers: number
  byCondition: Record<Condition, number>
  connections: number | null
  active: number | null
  transactions: number | null
  bytes: number | null
  databases: number | null
  /** Servers of which a number is not in the sum. */
  without: Record<Amount, ServerStatus[]>
}

/** Sums of what is known; null where nothing is. */
export function totals(judged: readonly Judged[]): Totals {
  const servers = judged.map(({ server }) => server)
  const byCondition: Record<Condition, number> = { ok: 0, warning: 0, critical: 0, unreachable: 0, pending: 0 }
  for (const { condition } of judged) byCondition[condition] += 1
  // Of a server that is not reached the last numbers are known, but they are not of now.
  const reached = servers.filter((server) => server.state !== 'unreachable')
  const counts = reached.map(connectionCounts)
  const unknown = (measure: Amount) => servers.filter((server) => measured(server, measure) === null)
  const notOfNow = (measure: Amount) => servers.filter((server) => ofNow(server, measure) === null)
  return {
    servers: servers.length,
    byCondition,
    connections: sum(counts.map((count) => count?.total)),
    active: sum(counts.map((count) => count?.active)),
    transactions: sum(reached.map((server) => server.transactions_per_second)),
    bytes: sum(servers.map((server) => server.size_bytes)),
    databases: sum(servers.map((server) => server.databases_count)),
    without: {
      disk: unknown('disk'),
      connections: notOfNow('connections'),
      transactions: notOfNow('transactions'),
      size: unknown('size'),
    },
  }
}

function sum(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}

/** What the tiles are coloured by. */
export const MEASURES = ['severity', 'disk', 'connections', 'transactions', 'size'] as const
export type Measure = (typeof MEASURES)[number]
/** What has a number. */
export type Amount = Exclude<Measure, 'severity'>

/** `history`: not how things stand, but how they went. */
export const VIEWS = [...MEASURES, 'history'] as const

export function measured(server: ServerStatus, measure: Amount): number | null {
  switch (measure) {
    case 'disk':
      return diskUsage(server)
    case 'connections':
      return connectionCounts(server)?.total ?? null
    case 'transactions':
      return server.transactions_per_second ?? null
    case 'size':
      return server.size_bytes ?? null
  }
}

/** As last seen, except of what changes all the time: of a server that is not reached that is not known. */
export function ofNow(server: ServerStatus, measure: Amount): number | null {
  const fleeting = measure === 'connections' || measure === 'transactions'
  return fleeting && server.state === 'unreachable' ? null : measured(server, measure)
}

/** The set of metrics that tells it. */
export const SET_OF: Record<Amount, string> = {
  disk: 'filesystem',
  connections: 'pg_stat_activity',
  transactions: 'pg_stat_database',
  size: 'pg_database_size',
}

/** Shades of one colour; a step is a share of the greatest, so that one giant does not make all others equal. */
export const SHADES = 6

/** 0 to `SHADES` - 1 by rank among all; null where the value is not known. */
export function shades(values: readonly (number | null)[]): (number | null)[] {
  const known = [...new Set(values.filter((value) => value !== null))].toSorted((a, b) => a - b)
  const places = new Map(known.map((value, index) => [value, index]))
  const last = Math.max(1, known.length - 1)
  return values.map((value) => {
    const place = value === null ? undefined : places.get(value)
    return place === undefined ? null : Math.round((place / last) * (SHADES - 1))
  })
}

/** Shades of a share of the whole: they say how full, not who is fuller. */
export const shareShade = (share: number | null): number | null =>
  share === null ? null : Math.min(SHADES - 1, Math.floor(share * SHADES))
