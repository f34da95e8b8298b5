import type { Run } from '../../../src/api/types.ts'
import { makeEvents, makePlugins, makeRuns } from '../data/plugins.ts'
import { makeServers } from '../data/servers.ts'
import { type Call, found, matches, param, type Route, route } from '../http.ts'

export const pluginRoutes: readonly Route[] = [
  route('get', '/api/plugins', 'viewer', () => makePlugins()),
  route('get', '/api/plugins/{name}', 'viewer', (call) => {
    const name = param(call, 'name')
    return found(
      makePlugins().find((plugin) => plugin.name === name),
      'Plugin not found',
    )
  }),
  route('get', '/api/runs', 'viewer', (call) =>
    [...firstRuns(call), ...makeRuns()].filter(
      (run) =>
        matches(call, 'server', run.server) &&
        matches(call, 'plugin', run.plugin) &&
        matches(call, 'outcome', run.outcome),
    ),
  ),
  route('get', '/api/events', 'viewer', (call) =>
    makeEvents().filter((event) => matches(call, 'server', event.server) && matches(call, 'kind', event.kind)),
  ),
]

/** A server that was just added is asked for the first time while one looks. */
function firstRuns({ world, query }: Call): Run[] {
  const name = query.get('server') ?? ''
  const asked = world.added.get(name)
  if (asked === undefined) return []
  world.added.set(name, asked + 1)
  if (asked === 0) return []
  const pattern = found(makeServers(12)[0], 'no pattern')
  world.servers = world.servers.map((one) =>
    one.name === name ? { ...pattern, name: one.name, host: one.host, tags: one.tags } : one,
  )
  return makeRuns()
    .filter((run) => ['pg_stat_database', 'database_size', 'filesystem'].includes(run.plugin) && run.reason === null)
    .map((run) => ({ ...run, server: name }))
}
