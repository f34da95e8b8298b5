import type { CostItem, Costs } from '../../../src/api/types.ts'
import { DAY, HOUR, noise, parseTime } from './base.ts'

const PLUGINS = ['pg_stat_database', 'pg_stat_activity', 'database_size', 'filesystem']
const SERVERS = ['billing-01', 'crm-01', 'dwh-01', 'orders-01']

/** One item for each plugin, server and way to end, or for each hour. */
export function makeCosts(query: URLSearchParams): Costs {
  const [from, to] = [parseTime(query.get('from'), Date.now() - DAY), parseTime(query.get('to'), Date.now())]
  const asked = (name: string, value: string) => (query.get(name) ?? value) === value
  const hourly = query.get('by') === 'hour'
  const server = query.get('server')
  const servers = hourly && server !== null ? [server] : SERVERS.filter((name) => asked('server', name))
  const items = PLUGINS.filter((plugin) => asked('plugin', plugin)).flatMap((plugin, p) =>
    servers.flatMap((name, s) => [
      item(from, plugin, name, name === 'crm-01' ? 'unreachable' : 'collected', 1_440 - 100 * p, 1 + p + s),
      ...(name === 'dwh-01' ? [item(from, plugin, name, 'deadline-exceeded', 3, 40)] : []),
    ]),
  )
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    items: hourly ? byHour(items, from, to) : items,
  }
}

/** Spread over the hours of the window, with a gap as a host that was down leaves it. */
function byHour(items: readonly CostItem[], from: number, to: number): CostItem[] {
  const first = Math.floor(from / HOUR) * HOUR
  const hours = Array.from({ length: Math.ceil((to - first) / HOUR) }, (_, index) => first + index * HOUR)
  return hours
    .filter((_, index) => index % 24 !== 7)
    .flatMap((at) =>
      items.map((one, index) => {
        const weight = 1 + index + 2 * noise(at / HOUR + index)
        // What is away now was there until a while ago.
        const outcome = one.outcome === 'unreachable' && at < to - 5 * HOUR ? 'collected' : one.outcome
        // The hour that still runs had fewer.
        const runs = Math.ceil((one.runs / 24) * Math.min(1, (to - at) / HOUR))
        return item(at, one.plugin, null, outcome, runs, weight)
      }),
    )
}

const item = (
  at: number,
  plugin: string,
  server: string | null,
  outcome: string,
  runs: number,
  weight: number,
): CostItem => ({
  at: new Date(at).toISOString(),
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
