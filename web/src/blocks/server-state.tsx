import { useCallback, useMemo } from 'react'
import type { Condition, ServerStatus } from '../api/types'
import { type I18n, useI18n } from '../i18n'
import { useFromNow, useNow } from '../lib/now'
import { Badge, type Tone } from '../ui/badge'
import { usageTone } from './usage-bar'

/** The worst first. */
export const CONDITIONS = [
  'unreachable',
  'critical',
  'warning',
  'pending',
  'ok',
] as const satisfies readonly Condition[]

/** Seen so long ago it may not be as it is shown: three of the slowest usual intervals. */
const STALE_MS = 30 * 60_000

type Seen = Pick<ServerStatus, 'checked_at' | 'state'>

export const isStale = (server: Seen, now: number): boolean =>
  server.state !== 'pending' && server.checked_at != null && now - Date.parse(server.checked_at) > STALE_MS

/**
 * How a server is, by one rule for every count, colour and list. What cannot be reached is stale anyway; that it is not
 * reached says more.
 */
export function conditionOf(server: Seen & Pick<ServerStatus, 'free_space' | 'total_space'>, now: number): Condition {
  if (server.state === 'unreachable') return 'unreachable'
  const used = diskUsage(server)
  // Below, the list shows it in yellow; that is nothing to act upon tonight.
  if (used !== null && usageTone(used) === 'bad') return 'critical'
  return isStale(server, now) ? 'warning' : server.state
}

/** Of each server; a list of them is not drawn anew before one changes. */
export function useConditions(servers: readonly ServerStatus[]): (server: ServerStatus) => Condition {
  const text = useFromNow((now) => servers.map((server) => CONDITIONS.indexOf(conditionOf(server, now))).join(''))
  const known = useMemo(
    () => new Map(servers.map((server, index) => [server.name, CONDITIONS[Number(text[index])]])),
    [servers, text],
  )
  return useCallback((server) => known.get(server.name) ?? server.state, [known])
}

const TONES: Record<Condition, Tone> = {
  ok: 'ok',
  warning: 'warn',
  critical: 'bad',
  unreachable: 'bad',
  pending: 'idle',
}

export function ServerStateBadge({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  const condition = useFromNow((now) => conditionOf(server, now))
  return (
    <Badge tone={TONES[condition]} {...(condition === 'critical' && { icon: 'warning' })}>
      {t.serverStates[condition]}
    </Badge>
  )
}

/** Why it is so and since when; nothing where all is well. */
export function useServerCause(server: ServerStatus): string {
  const { t, u } = useI18n()
  const now = useNow()
  if (server.state === 'ok' || server.state === 'pending') return ''
  const cause = server.reason ? t.failureReasons[server.reason] : t.said(server.detail ?? server.status)
  if (!server.state_since) return cause
  // The browser's clock may run behind the host's.
  return `${cause}, ${t.servers.since(u.duration(Math.max(0, now - Date.parse(server.state_since))))}`
}

/**
 * All connections, as the chart has them, and how many of those of others are active; null where they are not known.
 * Where they are not counted as one, it is states summed: `None` are the server's own processes, which have no state.
 */
export function connectionCounts(
  server: Pick<ServerStatus, 'connections' | 'connections_used'>,
): { total: number; active: number } | null {
  if (!server.connections) return null
  const { None: _own, ...states } = server.connections
  const total = server.connections_used ?? Object.values(states).reduce((sum, count) => sum + count, 0)
  return { total, active: states.active ?? 0 }
}

/** Why a number is not known that a set of metrics tells, in a word or two. */
export function absenceOf(server: ServerStatus, set: string, t: I18n['t']): string {
  if (set === 'filesystem' && server.ssh_user === '') return t.servers.sshOff
  if (server.state === 'unreachable' || server.state === 'pending') return t.serverStates[server.state]
  const absent = server.not_collected.find(({ sets }) => sets.includes(set))
  if (absent !== undefined) return t.absenceReasons[absent.reason]
  const { reason } = server
  if (set === 'filesystem' && (reason === 'ssh-failed' || reason === 'host-key-changed'))
    return t.failureReasons[reason]
  return t.servers.notCollected
}

/** When a set was measured last of which newer values should be there by now. */
export const outdatedSince = (server: Pick<ServerStatus, 'outdated'>, set: string): string | undefined =>
  server.outdated.find((one) => one.set === set)?.since

/** Used share of the disk, from 0 to 1. */
export function diskUsage(server: Pick<ServerStatus, 'free_space' | 'total_space'>): number | null {
  const { free_space: free, total_space: total } = server
  return free == null || !total ? null : 1 - free / total
}
