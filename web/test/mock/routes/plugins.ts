import type { Plugin, Run } from '../../../src/api/types.ts'
import { parseTime } from '../data/base.ts'
import { makeCosts } from '../data/costs.ts'
import { makeEvents, makeRuns } from '../data/plugins.ts'
import { AWAY, makeServers } from '../data/servers.ts'
import { makeMetricSets } from '../data/sets.ts'
import { bodyOf, type Call, found, matches, param, Refusal, type Route, route } from '../http.ts'

export const pluginRoutes: readonly Route[] = [
  route('get', '/api/plugins', 'viewer', ({ world }) => world.plugins),
  route('get', '/api/plugins/{name}', 'viewer', pluginOf),
  route('post', '/api/plugins/reload', 'admin', ({ world }) =>
    world.options.reload === 'refused'
      ? {
          outcome: 'refused' as const,
          detail: 'plugins.toml:14:12: unknown field `intervall`, expected `interval`',
          changes: [],
        }
      : {
          outcome: 'applied' as const,
          detail: null,
          changes: [
            { plugin: 'pg_stat_database', detail: '1.0.0 (b94d27b9) instead of 0.9.0 (a1b2c3d4)', is_trouble: false },
            { plugin: 'my_queries', detail: 'refused: built for interface 2.0.0', is_trouble: true },
          ],
        },
  ),
  route('post', '/api/plugins/{name}/run', 'operator', (call) => {
    const { server } = bodyOf(call, 'post', '/api/plugins/{name}/run')
    return { started: server == null ? pluginOf(call).on_servers.length : 1, busy: server == null ? 1 : 0 }
  }),
  route('post', '/api/plugins/{name}/enable', 'admin', (call) => change(call, { state: 'loaded' })),
  route('post', '/api/plugins/{name}/disable', 'admin', (call) => change(call, { state: 'disabled' })),
  route('post', '/api/plugins/{name}/rollback', 'admin', (call) =>
    change(call, { is_held_back: true, earlier_digest: null }),
  ),
  route('post', '/api/plugins/{name}/retry', 'admin', (call) => change(call, { is_held_back: false })),
  route('get', '/api/runs', 'viewer', (call) =>
    laterThan(call.query.get('before'), [...firstRuns(call), ...makeRuns(call.world.options.runs)])
      .filter(
        (run) =>
          matches(call, 'server', run.server) &&
          matches(call, 'plugin', run.plugin) &&
          matches(call, 'outcome', run.outcome) &&
          isWithin(call, run.started_at),
      )
      .slice(0, Number(call.query.get('limit') ?? 50)),
  ),
  route('get', '/api/metric-sets', 'viewer', makeMetricSets),
  route('get', '/api/costs', 'viewer', ({ query }) => makeCosts(query)),
  route('get', '/api/events', 'viewer', (call) =>
    laterThan(call.query.get('before'), makeEvents(call.world.options.events))
      .filter(
        (event) =>
          matches(call, 'server', event.server) && matches(call, 'kind', event.kind) && isWithin(call, event.at),
      )
      .slice(0, Number(call.query.get('limit') ?? 100)),
  ),
]

function isWithin({ query }: Call, at: string): boolean {
  const from = parseTime(query.get('from'), 0)
  const to = parseTime(query.get('to'), Number.POSITIVE_INFINITY)
  return Date.parse(at) >= from && Date.parse(at) < to
}

/** Those after this one in the list; what is not known is no place in it. */
function laterThan<Item extends { id: string | number | null }>(id: string | null, items: Item[]): Item[] {
  if (id === null) return items
  const at = items.findIndex((item) => String(item.id) === id)
  if (at < 0) throw new Refusal(422, `before: there is no ${id}`)
  return items.slice(at + 1)
}

function pluginOf(call: Call): Plugin {
  const name = param(call, 'name')
  return found(
    call.world.plugins.find((plugin) => plugin.name === name),
    'Plugin not found',
  )
}

function change(call: Call, part: Partial<Plugin>): Plugin {
  const before = pluginOf(call)
  const after = { ...before, ...part }
  call.world.plugins = call.world.plugins.map((plugin) => (plugin === before ? after : plugin))
  return after
}

/** A server that was just added is asked for the first time while one looks. */
function firstRuns({ world, query }: Call): Run[] {
  const name = query.get('server') ?? ''
  const asked = world.added.get(name)
  if (asked === undefined) return []
  world.added.set(name, asked + 1)
  if (asked === 0) return []
  const away = world.servers.some((one) => one.name === name && one.host === AWAY)
  const pattern = found(
    makeServers(12).find((one) => !away || one.state === 'unreachable'),
    'no pattern',
  )
  world.servers = world.servers.map((one) =>
    one.name === name ? { ...pattern, name: one.name, host: one.host, tags: one.tags } : one,
  )
  return makeRuns()
    .filter((run) => ['pg_stat_database', 'database_size', 'filesystem'].includes(run.plugin) && run.reason === null)
    .map((run) => ({ ...run, server: name, ...(away ? NOT_REACHED : {}) }))
}

const NOT_REACHED: Partial<Run> = {
  outcome: 'failed',
  reason: 'unreachable',
  detail: `cannot connect to ${AWAY}:5432: no answer within 5 s`,
  values: 0,
  absences: [],
}
