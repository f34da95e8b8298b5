import type { IncomingMessage, ServerResponse } from 'node:http'
import { authRoutes, roleOf } from './auth.ts'
import { isAllowed, match, Refusal, type Route, send, sendRefusal } from './http.ts'
import { adminRoutes } from './routes/admin.ts'
import { pluginRoutes } from './routes/plugins.ts'
import { serverRoutes } from './routes/servers.ts'
import { settingRoutes } from './routes/settings.ts'
import { streamRoutes } from './routes/stream.ts'
import { optionsFrom, resetWorld, type World, worldOf } from './world.ts'

/**
 * A backend of made-up data for development and for the tests of the UI, typed by the host's own document.
 * Users: `admin`, `operator` and `viewer`, each with its own name as password.
 */

const ROUTES: readonly Route[] = [...serverRoutes, ...pluginRoutes, ...settingRoutes, ...adminRoutes, ...streamRoutes]

type Next = () => void

export function handle(request: IncomingMessage, response: ServerResponse, next: Next): void {
  const url = new URL(request.url ?? '/', 'http://mock')
  if (url.pathname === '/' && request.headers.accept?.includes('text/html') !== true) {
    send(response, 200, { message: 'pgvigil', docs: '/docs', redoc: '/redoc', openapi: '/openapi.json' })
    return
  }
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
      answer(request, response, url, body)
    } catch (error) {
      sendRefusal(response, error instanceof Refusal ? error : new Refusal(500, String(error)))
    }
  })
}

const WORLD_COOKIE = 'mock_world'

const worldId = (request: IncomingMessage): string =>
  new RegExp(`(?:^|;\\s*)${WORLD_COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1] ?? 'default'

function answer(request: IncomingMessage, response: ServerResponse, url: URL, body: string) {
  const { pathname: path, searchParams: query } = url
  const method = request.method ?? 'GET'
  if (path === '/mock/reset') {
    const id = query.get('world') ?? worldId(request)
    resetWorld(id, optionsFrom(query))
    response.setHeader('Set-Cookie', `${WORLD_COOKIE}=${id}; Path=/`)
    send(response, 200, {})
    return
  }
  const world = worldOf(worldId(request))
  if (path === '/mock/push') {
    push(world, query.get('event') ?? 'run', body)
    send(response, 200, { streams: world.streams.size })
    return
  }
  if (path === '/mock/hang-up') {
    for (const stream of world.streams) stream.end()
    send(response, 200, {})
    return
  }
  if (path === '/mock/option') {
    world.options = { ...world.options, ...optionsFrom(query) }
    send(response, 200, {})
    return
  }
  const open = authRoutes(world)[`${method} ${path}`]
  if (open !== undefined) {
    send(response, 200, open({ request, response, body }))
    return
  }
  const { login, role } = roleOf(request, world)
  const [found, params] = match(ROUTES, method, path)
  if (!isAllowed(role, found.role)) throw new Refusal(403, `this needs the role ${found.role}`)
  const call = { params, query, body, login, role, world, request, response }
  const sent = found.handle(call)
  if (!response.headersSent) send(response, 200, sent)
}

/** Tells every open page of this world that something happened. */
function push(world: World, event: string, data: string) {
  for (const stream of world.streams) stream.tell(event, data)
}
