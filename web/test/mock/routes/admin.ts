import type { SshKey, User } from '../../../src/api/types.ts'
import { tokenAnswer } from '../auth.ts'
import { makeAudit, makeLogs } from '../data/admin.ts'
import { ago, parseTime } from '../data/base.ts'
import { bodyOf, type Call, found, matches, param, Refusal, type Route, route } from '../http.ts'

/** Users, keys, the trail, the log, and the own account. */
export const adminRoutes: readonly Route[] = [
  route('get', '/api/users/me', 'viewer', (call) => userOf(call, call.login)),
  route('put', '/api/users/me/password', 'viewer', (call) => {
    const { current_password, new_password } = bodyOf(call, 'put', '/api/users/me/password')
    if (current_password !== (call.world.passwords.get(call.login) ?? call.login)) {
      throw new Refusal(422, 'current_password: is not your password', [
        { field: 'current_password', message: 'is not your password' },
      ])
    }
    call.world.passwords.set(call.login, new_password)
    call.world.ownSessions = call.world.ownSessions.filter((session) => session.current)
    return tokenAnswer(call.world, call.login)
  }),
  route('get', '/api/users/me/sessions', 'viewer', ({ world }) => world.ownSessions),
  route('delete', '/api/users/me/sessions', 'viewer', ({ world }) => {
    world.ownSessions = world.ownSessions.filter((session) => session.current)
    return { message: 'Sessions ended: 1' }
  }),
  route('delete', '/api/users/me/sessions/{id}', 'viewer', (call) => {
    const id = param(call, 'id')
    call.world.ownSessions = call.world.ownSessions.filter((session) => session.id !== id)
    return { message: 'The session was ended' }
  }),

  route('get', '/api/users', 'admin', ({ world }) => world.users),
  route('post', '/api/users', 'admin', (call) => {
    const { login, role, email, password } = bodyOf(call, 'post', '/api/users')
    if (call.world.users.some((user) => user.login === login)) {
      throw new Refusal(400, `a user called \`${login}\` exists already`, undefined, 'user-exists')
    }
    const made: User = {
      login,
      role: role ?? 'viewer',
      email: email ?? null,
      created_at: ago(0),
      last_login: null,
      is_active: true,
    }
    call.world.passwords.set(login, password)
    call.world.users = [...call.world.users, made]
    return made
  }),
  route('put', '/api/users/{login}', 'admin', (call) => {
    const before = userOf(call, param(call, 'login'))
    const { role, email, is_active } = bodyOf(call, 'put', '/api/users/{login}')
    const after: User = {
      ...before,
      role: role ?? before.role,
      email: email === '' ? null : (email ?? before.email),
      is_active: is_active ?? before.is_active,
    }
    call.world.users = call.world.users.map((user) => (user === before ? after : user))
    return after
  }),
  route('delete', '/api/users/{login}', 'admin', (call) => {
    const gone = userOf(call, param(call, 'login'))
    call.world.users = call.world.users.filter((user) => user !== gone)
    return { message: 'deleted' }
  }),

  route('get', '/api/ssh-keys', 'operator', (call) => call.world.keys.map((key) => shownTo(call, key))),
  route('post', '/api/ssh-keys/generate', 'operator', (call) => {
    const { name, key_type, description } = bodyOf(call, 'post', '/api/ssh-keys/generate')
    return addKey(call, name, key_type ?? 'rsa', description ?? null)
  }),
  route('post', '/api/ssh-keys/import', 'operator', (call) => {
    const { name, private_key, description } = bodyOf(call, 'post', '/api/ssh-keys/import')
    if (!private_key.includes('PRIVATE KEY')) throw new Refusal(400, 'private_key: is no private key that we know')
    return addKey(call, name, 'ed25519', description ?? null)
  }),
  route('put', '/api/ssh-keys/{id}', 'operator', (call) => {
    const before = keyOf(call)
    const { name, description } = bodyOf(call, 'put', '/api/ssh-keys/{id}')
    const after = { ...before, name: name ?? before.name, description: description || null }
    call.world.keys = call.world.keys.map((key) => (key === before ? after : key))
    return after
  }),
  route('delete', '/api/ssh-keys/{id}', 'operator', (call) => {
    const gone = keyOf(call)
    call.world.keys = call.world.keys.filter((key) => key !== gone)
    return { message: 'deleted' }
  }),
  route('get', '/api/ssh-keys/{id}/servers', 'viewer', (call) => {
    const key = keyOf(call)
    const servers = call.world.servers.slice(0, key.servers_count).map(({ name, host }) => ({ name, host }))
    return { key_name: key.name, servers_count: servers.length, servers }
  }),
  route('get', '/api/ssh-keys/{id}/download-public', 'admin', (call) => {
    const key = keyOf(call)
    return { filename: `${key.name}_${key.key_type}.pub`, content: key.public_key, content_type: 'text/plain' }
  }),

  route('get', '/api/audit/sessions', 'admin', (call) => {
    const who = call.query.get('username') ?? ''
    const kind = call.query.get('event_type') ?? ''
    const without = call.query.get('without') ?? ''
    return pageOf(
      call,
      makeAudit().filter(
        (event) =>
          within(call, event.timestamp) &&
          (kind === '' || event.event_type === kind) &&
          event.event_type !== without &&
          `${event.username} ${event.ip_address}`.includes(who),
      ),
    )
  }),
  route('get', '/api/audit/sessions/stats', 'admin', () => ({
    total_events: 4_203,
    logins_today: 12,
    unique_users_week: 5,
    failed_total: 31,
    failed_today: 3,
    actions_today: 7,
  })),
  route('get', '/api/logs', 'admin', (call) => {
    const search = (call.query.get('search') ?? '').toLowerCase()
    return pageOf(
      call,
      makeLogs().filter(
        (entry) =>
          within(call, entry.timestamp) &&
          (call.query.get('level') === '' || matches(call, 'level', entry.level)) &&
          (call.query.get('source') === '' || matches(call, 'source', entry.source)) &&
          `${entry.message} ${entry.details}`.toLowerCase().includes(search),
      ),
    )
  }),
  route('get', '/api/logs/stats', 'admin', () => ({ total: 18_230, errors_today: 2, warnings_today: 9 })),
]

const userOf = (call: Call, login: string): User =>
  found(
    call.world.users.find((user) => user.login === login),
    'User not found',
  )

function keyOf(call: Call): SshKey {
  const id = param(call, 'id')
  return found(
    call.world.keys.find((key) => key.id === id),
    'SSH key not found',
  )
}

const shownTo = (call: Call, key: SshKey): SshKey =>
  call.role === 'admin' ? key : { ...key, public_key: '[Скрыто для оператора]' }

function addKey(call: Call, name: string, keyType: string, description: string | null): SshKey {
  if (call.world.keys.some((key) => key.name === name)) throw new Refusal(400, `An SSH key called \`${name}\` exists`)
  const pattern = found(call.world.keys[0], 'no pattern')
  const made: SshKey = {
    ...pattern,
    id: crypto.randomUUID(),
    name,
    key_type: keyType,
    description,
    created_at: ago(0),
    created_by: call.login,
    servers_count: 0,
  }
  call.world.keys = [...call.world.keys, made]
  return made
}

function within({ query }: Call, at: string): boolean {
  const moment = Date.parse(at)
  return moment >= parseTime(query.get('date_from'), 0) && moment <= parseTime(query.get('date_to'), Date.now())
}

function pageOf<Item>({ query }: Call, items: readonly Item[]) {
  const limit = Number(query.get('limit') ?? 50)
  const offset = Number(query.get('offset') ?? 0)
  return { items: items.slice(offset, offset + limit), total: items.length, limit, offset }
}
