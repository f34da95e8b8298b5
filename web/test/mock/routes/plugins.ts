import { makeEvents, makePlugins, makeRuns } from '../data/plugins.ts'
import { found, matches, param, type Route, route } from '../http.ts'

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
    makeRuns().filter(
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
