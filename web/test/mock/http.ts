import type { IncomingMessage, ServerResponse } from 'node:http'
import type { paths } from '../../src/api/schema.d.ts'
import type { Role } from '../../src/api/types.ts'
import type { World } from './world.ts'

/** What a handler gets: the request, already read and allowed. */
export interface Call {
  params: Record<string, string>
  query: URLSearchParams
  body: string
  login: string
  role: Role
  world: World
  request: IncomingMessage
  response: ServerResponse
}

/** The host refuses; the answer is a problem of RFC 9457. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors?: { field: string; message: string }[],
    /** The host's word for it. */
    readonly kind = 'bad-request',
  ) {
    super(detail)
  }
}

export function found<Thing>(thing: Thing | undefined, detail: string): Thing {
  if (thing === undefined) throw new Refusal(404, detail)
  return thing
}

/** A path parameter; the pattern of the route has it. */
export const param = (call: Call, name: string): string => found(call.params[name], `no parameter ${name}`)

type Method = 'get' | 'post' | 'put' | 'delete' | 'patch'
type Answer<R> = R extends { responses: { 200: { content: { 'application/json': infer Sent } } } } ? Sent : unknown
type Body<R> = R extends { requestBody: { content: { 'application/json': infer Sent } } } ? Sent : never

export interface Route {
  method: string
  pattern: RegExp
  names: string[]
  role: Role
  handle: (call: Call) => unknown
}

/** A route as the host's document has it: another path, or an answer of another shape, does not compile. */
export function route<M extends Method, P extends keyof paths>(
  method: M,
  path: P,
  role: Role,
  handle: (call: Call) => Answer<paths[P][M]>,
): Route {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((name) => name[1] ?? '')
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`)
  return { method: method.toUpperCase(), pattern, names, role, handle }
}

/** The body of a route; it comes from our own client, whose types are those of the document. */
export const bodyOf = <M extends Method, P extends keyof paths>(call: Call, _method: M, _path: P): Body<paths[P][M]> =>
  JSON.parse(call.body) as Body<paths[P][M]>

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

export const isAllowed = (role: Role, needed: Role): boolean => RANK[role] >= RANK[needed]

export function match(routes: readonly Route[], method: string, path: string): [Route, Record<string, string>] {
  for (const one of routes) {
    const parts = one.method === method ? one.pattern.exec(path) : null
    if (parts === null) continue
    const params = one.names.map((name, index) => [name, decodeURIComponent(parts[index + 1] ?? '')])
    return [one, Object.fromEntries(params)]
  }
  throw new Refusal(404, 'Not Found')
}

export function send(response: ServerResponse, status: number, body: unknown) {
  response.statusCode = status
  response.setHeader('Content-Type', status < 400 ? 'application/json' : 'application/problem+json')
  response.end(JSON.stringify(body))
}

export const sendRefusal = (response: ServerResponse, refusal: Refusal) =>
  send(response, refusal.status, {
    type: `urn:pgvigil:problem:${refusal.kind}`,
    title: 'Refused',
    status: refusal.status,
    detail: refusal.message,
    request_id: '019ab0c4-mock-request',
    ...(refusal.errors ? { errors: refusal.errors } : {}),
  })

/** `matches(call, 'server', 'a')`: the query does not ask for another. */
export const matches = (call: Call, key: string, value: string | null | undefined): boolean =>
  !call.query.has(key) || call.query.get(key) === value
