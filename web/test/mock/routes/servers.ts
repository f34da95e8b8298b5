import type { ServerIn, ServerStatus, TestResult } from '../../../src/api/types.ts'
import { makeAnalysis } from '../data/analysis.ts'
import { makeDatabases, makeFilesystems } from '../data/databases.ts'
import { makeSeries } from '../data/series.ts'
import { AWAY, makeServers } from '../data/servers.ts'
import { makeSessions } from '../data/sessions.ts'
import { bodyOf, type Call, found, param, Refusal, type Route, route } from '../http.ts'

export const serverRoutes: readonly Route[] = [
  route('get', '/api/servers', 'viewer', ({ world }) => world.servers),
  route('post', '/api/servers', 'operator', addServer),
  route('post', '/api/servers/test', 'operator', testServer),
  route('get', '/api/servers/{name}', 'viewer', server),
  route('put', '/api/servers/{name}', 'operator', putServer),
  route('delete', '/api/servers/{name}', 'operator', (call) => {
    const gone = server(call)
    call.world.servers = call.world.servers.filter((one) => one !== gone)
    return { message: 'deleted' }
  }),
  route('delete', '/api/servers/{name}/host-keys', 'operator', (call) => ({
    message: `The SSH host key of ${server(call).name} is forgotten; the next one is trusted`,
  })),
  route('get', '/api/servers/{name}/databases', 'viewer', (call) =>
    server(call).state === 'pending' ? [] : makeDatabases(),
  ),
  route('get', '/api/servers/{name}/filesystems', 'viewer', (call) =>
    server(call).ssh_user === '' ? [] : makeFilesystems(),
  ),
  route('get', '/api/databases', 'viewer', ({ query, world }) => {
    const part = query.get('search')?.toLowerCase() ?? ''
    const names = makeDatabases().flatMap(({ name, exists }) => (exists && name.includes(part) ? [name] : []))
    const known = world.servers.filter((one) => one.state !== 'pending')
    return names.flatMap((name) => known.map((one) => ({ server: one.name, name }))).slice(0, 20)
  }),
  route('get', '/api/server_stats/{name}', 'viewer', (call) => {
    if (server(call).state === 'unreachable') {
      throw new Refusal(503, 'the server cannot be reached: connection refused')
    }
    const hidden = call.role === 'viewer'
    const queries = makeSessions().map((session) => (hidden ? { ...session, query: null } : session))
    return { queries, read_at: new Date().toISOString(), truncated: false, query_texts_hidden: hidden }
  }),
  route('get', '/api/analysis', 'viewer', ({ query, world }) => makeAnalysis(query, world.criteria)),
  route('get', '/api/analysis/criteria', 'viewer', ({ world }) => world.criteria),
  route('put', '/api/analysis/criteria', 'operator', (call) => {
    const { world } = call
    for (const [key, value] of Object.entries(bodyOf(call, 'put', '/api/analysis/criteria'))) {
      const before = world.criteria[key]
      if (before && value != null) world.criteria = { ...world.criteria, [key]: { ...before, value } }
    }
    return world.criteria
  }),
  route('get', '/api/series', 'viewer', ({ query }) => makeSeries(query)),
]

function server(call: Call): ServerStatus {
  const name = param(call, 'name')
  return found(
    call.world.servers.find((one) => one.name === name),
    'Server not found',
  )
}

function addServer(call: Call): ServerStatus {
  const { world } = call
  const settings = bodyOf(call, 'post', '/api/servers')
  if (world.servers.some((one) => one.name === settings.name)) {
    throw new Refusal(400, `a server called \`${settings.name}\` exists already`, undefined, 'server-exists')
  }
  const pending = makeServers(12).find((one) => one.state === 'pending')
  const made = apply(found(pending, 'no pattern'), settings)
  world.added.set(made.name, 0)
  world.servers = [...world.servers, made].toSorted((a, b) => a.name.localeCompare(b.name))
  return made
}

function putServer(call: Call): ServerStatus {
  const { world } = call
  const before = server(call)
  const after = apply(before, { ...bodyOf(call, 'put', '/api/servers/{name}'), name: before.name })
  world.servers = world.servers.map((one) => (one === before ? after : one))
  return after
}

function apply(before: ServerStatus, settings: ServerIn): ServerStatus {
  const { name, host, port = 5432, user: role, ssh_user, sslmode, tags } = settings
  return {
    ...before,
    name,
    host,
    port,
    user: role,
    ssh_user: ssh_user ?? '',
    tags: tags ?? [],
    sslmode: sslmode ?? 'prefer',
  }
}

function testServer(call: Call): { postgres: TestResult; ssh: TestResult | null } {
  const { settings } = bodyOf(call, 'post', '/api/servers/test')
  const step = (name: string, outcome: TestResult['steps'][number]['outcome'], detail: string, duration_ms = 12) => ({
    name,
    outcome,
    detail,
    duration_ms,
  })
  const away = settings.host === AWAY
  const postgres: TestResult = away
    ? {
        success: false,
        message: 'no connection to 10.0.0.1:5432',
        steps: [
          step(
            'connect',
            'failed',
            'no answer from 10.0.0.1:5432 within 5 s; check the address and the firewalls between',
            5_000,
          ),
          step('authenticate', 'skipped', 'not tried'),
          step('privileges', 'skipped', 'not tried'),
        ],
      }
    : {
        success: true,
        message: 'PostgreSQL 18.1',
        steps: [
          step('connect', 'passed', `connected to ${settings.host}:${settings.port}, TLS 1.3`, 6),
          step('authenticate', 'passed', `signed in as ${settings.user} with scram-sha-256`, 9),
          step('version', 'passed', 'PostgreSQL 18.1, primary', 1),
          step(
            'privileges',
            'warning',
            `the role sees little of other roles' work: grant pg_monitor to ${settings.user}`,
            3,
          ),
        ],
      }
  const ssh: TestResult | null =
    (settings.ssh_user ?? '') === ''
      ? null
      : {
          success: true,
          message: 'df works',
          auth_type: 'password',
          steps: [
            step('connect', 'passed', 'connected', 20),
            step('host-key', 'warning', 'new host key SHA256:3k2J…, pinned when the server is saved', 1),
            step('authenticate', 'passed', `signed in as ${settings.ssh_user}`, 110),
            step('command', 'passed', 'df -PkT answered with 3 filesystems', 14),
          ],
        }
  return { postgres, ssh }
}
