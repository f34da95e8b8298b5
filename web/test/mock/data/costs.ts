import type { CostItem } from '../../../src/api/types.ts'
import { ago, DAY, MINUTE } from './base.ts'

const PLUGINS = ['pg_stat_database', 'pg_stat_activity', 'database_size', 'filesystem']
const SERVERS = ['billing-01', 'crm-01', 'dwh-01', 'orders-01']

/** One item for each plugin, server and way to end. */
export function makeCosts(query: URLSearchParams): { from: string; to: string; items: CostItem[] } {
  const items = PLUGINS.flatMap((plugin, p) =>
    SERVERS.flatMap((server, s) => [
      item(plugin, server, server === 'crm-01' ? 'unreachable' : 'collected', 1_440 - 100 * p, 1 + p + s),
      ...(server === 'dwh-01' ? [item(plugin, server, 'deadline-exceeded', 3, 40)] : []),
    ]),
  )
  return {
    from: ago(DAY),
    to: ago(0),
    items: items.filter(
      (one) => (query.get('plugin') ?? one.plugin) === one.plugin && (query.get('server') ?? one.server) === one.server,
    ),
  }
}

const item = (plugin: string, server: string, outcome: string, runs: number, weight: number): CostItem => ({
  at: ago(DAY - MINUTE),
  plugin,
  server,
  outcome,
  runs,
  duration_ms: runs * 14 * weight,
  cost: {
    cpu_us: runs * 1_800 * weight,
    memory_peak_bytes: 2_400_000 + 300_000 * weight,
    queries: runs * 3,
    rows: runs * 24 * weight,
    bytes: runs * 9_120 * weight,
    ssh_commands: plugin === 'filesystem' ? runs : 0,
    host_call_us: runs * 12_300 * weight,
  },
})
