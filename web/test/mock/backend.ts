import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Role, ServerIn, ServerStatus, TestResult, User } from '../../src/api/types.ts'
import * as data from './data.ts'

/**
 * A backend of made-up data for development and for the tests of the UI, typed by the host's own document.
 * Users: `admin`, `operator` and `viewer`, each with its own name as password.
 */

const USERS: Record<string, Role> = { admin: 'admin', operator: 'operator', viewer: 'viewer' }
const COOKIE = 'refresh_token'

interface State {
  servers: ServerStatus[]
  settings: ReturnType<typeof data.makeSettings>
}

const fresh = (servers: number): State => ({ servers: data.makeServers(servers), settings: data.makeSettings() })
let state = fresh(12)

interface Call {
  method: string
  path: string
  query: URLSearchParams
  body: string
  role: Role
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors?: { field: string; message: string }[],
  ) {
    super(detail)
  }
}

type Next = () => void

export function handle(request: IncomingMessage, response: ServerResponse, next: Next): void {
  const url = new URL(request.url ?? '/', 'http://mock')
  if (!url.pathname.startsWith('/api/') && !url.pathname.startsWith('/mock/')) {
    next()
    return
  }
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    try {
      send(response, 200, route(request, response, url, body))
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error))
      send(response, refusal.status, {
        type: 'about:blank',
        title: 'Refused',
        status: refusal.status,
        detail: refusal.message,
        request_id: '019ab0c4-mock-request',
        ...(refusal.errors ? { errors: refusal.errors } : {}),
      })
    }
  })
}

function send(response: ServerResponse, status: number, body: unknown) {
  response.statusCode = status
  response.setHeader('Content-Type', status < 400 ? 'application/json' : 'application/problem+json')
  response.end(JSON.stringify(body))
}

function route(request: IncomingMessage, response: ServerResponse, url: URL, body: string): unknown {
  const method = request.method ?? 'GET'
  const path = url.pathname
  if (path === '/mock/reset') {
    state = fresh(Number(url.searchParams.get('servers') ?? 12))
    return {}
  }
  if (path === '/api/health') {
    return {
      status: 'ok',
      timestamp: new Date().toISOString(),
      pools_count: 3,
      version: '0.1.0',
      started_at: new Date().toISOString(),
      runs_started: 12,
      reports_dropped: 0,
      ticks_skipped: 0,
    }
  }
  if (path === '/api/token') return signIn(response, new URLSearchParams(body))
  if (path === '/api/refresh') return refresh(request)
  if (path === '/api/logout') {
    response.setHeader('Set-Cookie', `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`)
    return { detail: 'Logged out' }
  }
  const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
  const role = USERS[token]
  if (role === undefined) throw new Refusal(401, 'Token expired')
  return answer({ method, path, query: url.searchParams, body, role }, token)
}

function signIn(response: ServerResponse, form: URLSearchParams) {
  const name = form.get('username') ?? ''
  if (name === 'limited') {
    response.setHeader('Retry-After', '42')
    throw new Refusal(429, 'too many sign-in attempts')
  }
  if (USERS[name] === undefined || form.get('password') !== name) throw new Refusal(401, 'Invalid credentials')
  response.setHeader('Set-Cookie', `${COOKIE}=${name}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800`)
  return { access_token: name, token_type: 'bearer' }
}

function refresh(request: IncomingMessage) {
  const name = /(?:^|;\s*)refresh_token=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  if (USERS[name] === undefined) throw new Refusal(401, 'no refresh token')
  return { access_token: name, token_type: 'bearer' }
}

function answer(call: Call, login: string): unknown {
  const { method, path, query } = call
  const [, resource, name, part] = path.slice(1).split('/').map(decodeURIComponent)
  const key = `${method} ${resource}${name === undefined ? '' : '/*'}${part === undefined ? '' : `/${part}`}`
  if (path === '/api/servers/test') return testServer(need(call, 'operator'))
  switch (key) {
    case 'GET users/*':
      return user(login, call.role)
    case 'GET servers':
      return state.servers
    case 'POST servers':
      return addServer(need(call, 'operator'))
    case 'GET servers/*':
      return server(name)
    case 'PUT servers/*':
      return putServer(need(call, 'operator'), server(name))
    case 'DELETE servers/*': {
      need(call, 'operator')
      const gone = server(name)
      state.servers = state.servers.filter((one) => one !== gone)
      return { message: 'deleted' }
    }
    case 'GET servers/*/databases':
      return server(name).state === 'pending' ? [] : data.makeDatabases()
    case 'GET servers/*/filesystems':
      return server(name).ssh_user === '' ? [] : data.makeFilesystems()
    case 'GET server_stats/*':
      if (server(name).state === 'unreachable')
        throw new Refusal(503, 'the server cannot be reached: connection refused')
      return { queries: sessions(), truncated: false }
    case 'GET series':
      return data.makeSeries(query)
    case 'GET plugins':
      return data.makePlugins()
    case 'GET plugins/*':
      return found(
        data.makePlugins().find((plugin) => plugin.name === name),
        'Plugin not found',
      )
    case 'GET runs':
      return data
        .makeRuns()
        .filter(
          (run) =>
            matches(query, 'server', run.server) &&
            matches(query, 'plugin', run.plugin) &&
            matches(query, 'outcome', run.outcome),
        )
    case 'GET events':
      return data
        .makeEvents()
        .filter((event) => matches(query, 'server', event.server) && matches(query, 'kind', event.kind))
    case 'GET settings':
      need(call, 'admin')
      return state.settings
    case 'PUT settings':
      return putSettings(need(call, 'admin'))
    default:
      throw new Refusal(404, 'Not Found')
  }
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

function need(call: Call, role: Role): Call {
  if (RANK[call.role] < RANK[role]) throw new Refusal(403, `this needs the role ${role}`)
  return call
}

const matches = (query: URLSearchParams, key: string, value: string | null | undefined) =>
  !query.has(key) || query.get(key) === value

function found<Thing>(thing: Thing | undefined, detail: string): Thing {
  if (thing === undefined) throw new Refusal(404, detail)
  return thing
}

const server = (name: string | undefined) =>
  found(
    state.servers.find((one) => one.name === name),
    'Server not found',
  )

function user(login: string, role: Role): User {
  return { login, role, email: null, created_at: data.ago(1e10), last_login: data.ago(1e6), is_active: true }
}

// The bodies come from our own client, whose types are those of the document.
const settingsIn = (body: string): ServerIn => JSON.parse(body) as ServerIn

function addServer(call: Call): ServerStatus {
  const settings = settingsIn(call.body)
  if (state.servers.some((one) => one.name === settings.name)) {
    throw new Refusal(422, 'the name is taken', [{ field: 'name', message: 'a server with this name exists' }])
  }
  const pending = data.makeServers(12).find((one) => one.state === 'pending')
  const made = apply(found(pending, 'no pattern'), settings)
  state.servers = [...state.servers, made].toSorted((a, b) => a.name.localeCompare(b.name))
  return made
}

function putServer(call: Call, before: ServerStatus): ServerStatus {
  const after = apply(before, { ...settingsIn(call.body), name: before.name })
  state.servers = state.servers.map((one) => (one === before ? after : one))
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
  const { settings } = JSON.parse(call.body) as { settings: ServerIn }
  const step = (name: string, outcome: TestResult['steps'][number]['outcome'], detail: string, duration_ms = 12) => ({
    name,
    outcome,
    detail,
    duration_ms,
  })
  const away = settings.host === '10.0.0.1'
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
        message: 'PG 18.1, соединений: 3 акт. / 24 idle (0.02с)',
        steps: [
          step('connect', 'passed', `connected to ${settings.host}:${settings.port}, TLS 1.3`, 6),
          step('authenticate', 'passed', `signed in as ${settings.user} with scram-sha-256`, 9),
          step('version', 'passed', 'PostgreSQL 18.1, primary', 1),
          step(
            'privileges',
            'warning',
            `${settings.user} may not read all statistics; run: GRANT pg_monitor TO ${settings.user};`,
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

function putSettings(call: Call) {
  const changes = JSON.parse(call.body) as Record<string, number>
  for (const [key, value] of Object.entries(changes)) {
    const item = state.settings[key]
    if (item) state.settings = { ...state.settings, [key]: { ...item, value: String(value), updated_at: data.ago(0) } }
  }
  return state.settings
}

function sessions() {
  const states = ['active', 'idle', 'idle', 'idle in transaction', 'idle']
  const queries = [
    'select o.id, o.total from orders o join customers c on c.id = o.customer_id where c.region = $1 order by o.created_at desc limit 50',
    'commit',
    'select 1',
    'update stock set amount = amount - $1 where sku = $2',
    null,
  ]
  return Array.from({ length: 24 }, (_, index) => ({
    pid: 4_200 + index,
    usename: index % 3 === 0 ? 'app' : 'reporting',
    datname: index % 2 === 0 ? 'app' : 'analytics',
    state: states[index % states.length] ?? null,
    query: queries[index % queries.length] ?? null,
    application_name: 'shop',
    client_addr: '10.1.2.3',
    wait_event_type: index % 5 === 3 ? 'Client' : null,
    wait_event: index % 5 === 3 ? 'ClientRead' : null,
    backend_start: data.ago(5e7),
    xact_start: index % 5 === 3 ? data.ago(6e5) : null,
    query_start: data.ago(index * 4_000),
  }))
}
