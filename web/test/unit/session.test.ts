import { expect, test, vi } from 'vitest'
import { ApiProblem } from '../../src/api/problem.ts'
import { Session, type SessionParts } from '../../src/api/session.ts'

const ORIGIN = 'http://host'

/** A host that knows one valid token at a time and counts what it is asked. */
class FakeHost {
  valid = 'first'
  refreshStatus = 200
  renewable = true
  away = false
  calls: string[] = []
  bodies: string[] = []
  #next = 1
  /** Held refreshes wait for this. */
  gate: Promise<void> = Promise.resolve()

  fetch = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname
    this.calls.push(path)
    if (this.away) throw new TypeError('network')
    if (path === '/api/refresh') {
      await this.gate
      if (this.refreshStatus !== 200) return json(this.refreshStatus, { detail: 'no' })
      this.valid = `token-${this.#next++}`
      return json(200, { access_token: this.valid, token_type: 'bearer', expires_in: 3_600, renewable: this.renewable })
    }
    if (path === '/api/token')
      return json(200, { access_token: this.valid, token_type: 'bearer', expires_in: 3_600, renewable: this.renewable })
    if (path === '/api/logout') {
      this.refreshStatus = 401
      return json(200, { detail: 'bye' })
    }
    if (request.headers.get('Authorization') !== `Bearer ${this.valid}`) return json(401, { detail: 'Token expired' })
    this.bodies.push(await request.text())
    return json(200, { login: 'admin', role: 'admin' })
  }

  count(path: string): number {
    return this.calls.filter((call) => call === path).length
  }
}

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

/** What a browser remembers over a reload. */
const memory = (): SessionParts['unended'] => {
  let kept = false
  return {
    get: () => kept,
    set: (unended) => {
      kept = unended
    },
  }
}

function sessionOn(host: FakeHost, unended = memory()) {
  const sent: unknown[] = []
  const channel: SessionParts['channel'] = { postMessage: (message) => sent.push(message), onmessage: null }
  const session = new Session({
    fetch: (request) => host.fetch(request),
    channel,
    exclusively: (work) => work(),
    unended,
    origin: ORIGIN,
  })
  return { session, channel, sent }
}

const servers = () => new Request(`${ORIGIN}/api/servers`)

test('without a cookie one is signed out, and not told that a session expired', async () => {
  const host = new FakeHost()
  host.refreshStatus = 401
  const { session } = sessionOn(host)
  await session.restore()
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: false })
})

test('a session that was found is told before it is known whose it is, and none is not', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  let known = ''
  await session.restore(() => {
    known = session.state().kind
  })
  expect(known).toBe('restoring')
  expect(session.state()).toMatchObject({ kind: 'signed-in' })
  host.refreshStatus = 401
  let told = false
  await session.restore(() => {
    told = true
  })
  expect(told).toBe(false)
})

test.each([429, 500, 503])('a host that answers %d to the refresh does not sign anyone out', async (status) => {
  const host = new FakeHost()
  host.refreshStatus = status
  const { session } = sessionOn(host)
  await session.restore()
  expect(session.state()).toMatchObject({ kind: 'unavailable' })
})

test('many requests with an expired token share one refresh, and all come through', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  host.valid = 'renewed elsewhere'
  let release = () => {}
  host.gate = new Promise((resolve) => {
    release = resolve
  })
  const answers = Promise.all(Array.from({ length: 8 }, () => session.fetch(servers())))
  release()
  expect((await answers).map((response) => response.status)).toEqual(Array(8).fill(200))
  expect(host.count('/api/refresh')).toBe(1)
})

test('a request that is sent again carries its body again', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  host.valid = 'other'
  await session.fetch(new Request(`${ORIGIN}/api/servers`, { method: 'POST', body: '{"name":"a"}' }))
  expect(host.bodies.at(-1)).toBe('{"name":"a"}')
})

test('a refused refresh ends the session once and tells why', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  host.valid = 'other'
  host.refreshStatus = 401
  await expect(session.fetch(servers())).rejects.toBeInstanceOf(ApiProblem)
  expect(session.state()).toEqual({ kind: 'signed-out', expired: true, unended: false })
  expect(host.count('/api/refresh')).toBe(1)
})

test('signing out tells the other tabs, also when the host is away', async () => {
  const host = new FakeHost()
  const { session, sent } = sessionOn(host)
  await session.signIn('admin', 'secret')
  expect(sent).toEqual(['signed-in'])
  host.away = true
  await session.signOut()
  expect(sent).toEqual(['signed-in', 'signed-out', 'unended'])
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: true })
})

test.each(['signOut', 'expire'] as const)('%s while the host is away is not undone by a reload', async (leave) => {
  const host = new FakeHost()
  const unended = memory()
  const before = sessionOn(host, unended).session
  await before.signIn('admin', 'secret')
  host.away = true
  await before[leave]()
  const { session } = sessionOn(host, unended)
  await session.restore()
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: true })
  host.away = false
  await session.restore()
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: false })
  expect(host.count('/api/logout')).toBe(3)
  expect(unended.get()).toBe(false)
})

test('a session that is still to be ended gives out no token', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  host.away = true
  await session.signOut()
  host.away = false
  await expect(session.fetch(servers())).rejects.toMatchObject({ status: 401 })
  expect(host.count('/api/refresh')).toBe(0)
})

test('it is ended as soon as the host is back, and before anyone else signs in', async () => {
  const host = new FakeHost()
  const { session, channel } = sessionOn(host)
  await session.signIn('admin', 'secret')
  host.away = true
  await session.signOut()
  await expect(session.signIn('other', 'secret')).rejects.toMatchObject({ status: 0 })
  host.away = false
  await session.finishSignOut()
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: false })
  // Told by another tab that could not do it either.
  channel.onmessage?.(new MessageEvent('message', { data: 'unended' }))
  expect(session.state()).toMatchObject({ unended: true })
  await session.signIn('other', 'secret')
  expect(host.calls.slice(-2)).toEqual(['/api/token', '/api/users/me'])
  expect(session.state()).toMatchObject({ kind: 'signed-in' })
})

test('a sign-out in another tab signs out here', async () => {
  const host = new FakeHost()
  const { session, channel } = sessionOn(host)
  await session.signIn('admin', 'secret')
  channel.onmessage?.(new MessageEvent('message', { data: 'signed-out' }))
  expect(session.state()).toEqual({ kind: 'signed-out', expired: false, unended: false })
})

test('a session can be renewed before it ends; a refusal leaves what is left of it', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  const end = session.expiresAt() ?? 0
  expect(Math.abs(end - Date.now() - 3_600_000)).toBeLessThan(5_000)
  expect(await session.extend()).toBe(true)
  host.refreshStatus = 401
  expect(await session.extend()).toBe(false)
  expect(session.state().kind).toBe('signed-in')
  expect(session.expiresAt()).not.toBeNull()
})

test('where the host gives no cookie along, it is not asked to renew', async () => {
  const host = new FakeHost()
  host.renewable = false
  const { session } = sessionOn(host)
  await session.signIn('admin', 'secret')
  expect(await session.extend()).toBe(false)
  expect(host.count('/api/refresh')).toBe(0)
})

test('a session that nobody uses ends in all tabs, and the host forgets it', async () => {
  const host = new FakeHost()
  const { session, sent } = sessionOn(host)
  await session.signIn('admin', 'secret')
  await session.expire()
  expect(host.count('/api/logout')).toBe(1)
  expect(sent.at(-1)).toBe('expired')
  expect(session.state()).toEqual({ kind: 'signed-out', expired: true, unended: false })
})

test('whoever works in one tab is not idle in another', async () => {
  const { session, channel, sent } = sessionOn(new FakeHost())
  const before = session.activeAt()
  channel.onmessage?.(new MessageEvent('message', { data: 'active' }))
  expect(session.activeAt()).toBeGreaterThanOrEqual(before)
  session.noteActivity()
  // Not every key is told.
  expect(sent.filter((message) => message === 'active')).toHaveLength(0)
})

/** Hangs as fetch does: until somebody gives up. */
const hanging = (request: Request) =>
  new Promise<Response>((_, reject) => {
    if (request.signal.aborted) reject(request.signal.reason)
    request.signal.addEventListener('abort', () => reject(request.signal.reason))
  })

test('a host that does not answer in time is away; a stream may go on', async () => {
  const host = new FakeHost()
  const { session } = sessionOn(host)
  await session.restore()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => AbortSignal.abort(`${ms} ms`))
  host.fetch = hanging
  const late = { status: 0 }
  try {
    await expect(session.fetch(servers())).rejects.toMatchObject(late)
    await expect(session.fetch(new Request(`${ORIGIN}/api/servers`, { method: 'POST' }))).rejects.toMatchObject(late)
    expect(timeout.mock.calls).toEqual([[30_000], [90_000]])
    const listening = new AbortController()
    const stream = session.stream(new Request(`${ORIGIN}/api/stream`, { signal: listening.signal }))
    listening.abort()
    await expect(stream).rejects.toMatchObject({ name: 'AbortError' })
    expect(timeout).toHaveBeenCalledTimes(2)
  } finally {
    timeout.mockRestore()
  }
})
