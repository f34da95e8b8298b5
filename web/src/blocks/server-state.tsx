import type { ServerStatus } from '../api/types'
import { useI18n } from '../i18n'
import { useNow } from '../lib/now'
import { Badge, type Tone } from '../ui/badge'

const TONES: Record<ServerStatus['state'], Tone> = { ok: 'ok', warning: 'warn', unreachable: 'bad', pending: 'idle' }

export function ServerStateBadge(props: { server: Pick<ServerStatus, 'state'> }) {
  const { t } = useI18n()
  return <Badge tone={TONES[props.server.state]}>{t.serverStates[props.server.state]}</Badge>
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

/** Used share of the disk, from 0 to 1. */
export function diskUsage(server: Pick<ServerStatus, 'free_space' | 'total_space'>): number | null {
  const { free_space: free, total_space: total } = server
  return free == null || !total ? null : 1 - free / total
}
