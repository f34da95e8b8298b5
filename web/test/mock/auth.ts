import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Role, TokenAnswer } from '../../src/api/types.ts'
import { Refusal } from './http.ts'
import type { World } from './world.ts'

const ROLES: readonly Role[] = ['admin', 'operator', 'viewer']
const REFRESH_COOKIE = 'refresh_token'
const REFRESH_SECONDS = 604_800

interface OpenCall {
  request: IncomingMessage
  response: ServerResponse
  body: string
}

/** What needs no access token. */
export const authRoutes = (world: World): Record<string, (call: OpenCall) => unknown> => ({
  'GET /api/health': () => ({
    status: 'ok',
    timestamp: new Date().toISOString(),
    pools_count: 3,
    version: '0.1.0',
    started_at: new Date().toISOString(),
    runs_started: 12,
    reports_dropped: 0,
    ticks_skipped: 0,
    store: world.options.store,
  }),
  'GET /api/ready': ({ response }) => {
    const away = world.options.store !== 'ok'
    if (away) response.statusCode = 503
    return {
      status: away ? 'failed' : 'ok',
      checks: [
        { name: 'store', status: away ? 'failed' : 'ok', detail: away ? 'cannot be written' : 'can be written' },
        { name: 'plugins', status: 'warning', detail: '6 loaded, 1 refused' },
      ],
    }
  },
  'POST /api/token': ({ response, body }) => signIn(world, response, new URLSearchParams(body)),
  'POST /api/refresh': ({ request }) => refresh(world, request),
  'POST /api/logout': ({ response }) => {
    response.setHeader('Set-Cookie', `${REFRESH_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`)
    return { detail: 'Logged out' }
  },
})

function signIn(world: World, response: ServerResponse, form: URLSearchParams) {
  const name = form.get('username') ?? ''
  if (name === 'limited') {
    response.setHeader('Retry-After', '42')
    throw new Refusal(429, 'too many sign-in attempts')
  }
  const user = world.users.find((one) => one.login === name && one.is_active)
  if (user === undefined || form.get('password') !== (world.passwords.get(name) ?? name)) {
    throw new Refusal(401, 'Invalid credentials')
  }
  response.setHeader(
    'Set-Cookie',
    `${REFRESH_COOKIE}=${encodeURIComponent(name)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${REFRESH_SECONDS}`,
  )
  return tokenAnswer(world, name)
}

function refresh(world: World, request: IncomingMessage) {
  const cookie = new RegExp(`(?:^|;\\s*)${REFRESH_COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? ''
  const name = decodeURIComponent(cookie)
  if (!world.users.some((one) => one.login === name && one.is_active)) throw new Refusal(401, 'no refresh token')
  return tokenAnswer(world, name)
}

export const tokenAnswer = (world: World, login: string): TokenAnswer => ({
  access_token: `${login}.${Date.now() + world.options.tokenSeconds * 1_000}`,
  token_type: 'bearer',
  expires_in: world.options.tokenSeconds,
  renewable: true,
})

export function roleOf(request: IncomingMessage, world: World): { login: string; role: Role } {
  const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
  const login = subjectOf(token)
  const user = world.users.find((one) => one.login === login && one.is_active)
  const role = ROLES.find((one) => one === user?.role)
  if (user === undefined || role === undefined) throw new Refusal(401, 'Token expired')
  return { login: user.login, role }
}

/** `admin.1767225600000`: who, and until when. */
function subjectOf(token: string): string {
  const [, login = '', until = ''] = /^(.+)\.(\d+)$/.exec(token) ?? []
  return Number(until) > Date.now() ? login : ''
}
