import { ApiProblem, problemFrom, unreachable } from './problem'
import type { TokenAnswer, User } from './types'

/** Who uses this page. The access token is not part of it: no component needs it. */
export type SessionState =
  | { kind: 'restoring' }
  | { kind: 'unavailable'; problem: ApiProblem }
  /** `unended`: the host was away, and does not know yet. */
  | { kind: 'signed-out'; expired: boolean; unended: boolean }
  | { kind: 'signed-in'; user: User }

export interface SessionParts {
  fetch: (request: Request) => Promise<Response>
  /** Tells the other tabs. */
  channel: Pick<BroadcastChannel, 'postMessage'> & { onmessage: ((event: MessageEvent) => void) | null }
  /** Runs one refresh at a time over all tabs: the host takes a refresh token that is used twice for a stolen one. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  /** Remembers over a reload that the host is still to end the session of the cookie. */
  unended: { get: () => boolean; set: (unended: boolean) => void }
  /** `https://host`, in front of every path. */
  origin: string
}

/** Other tabs need not know of every key. */
const ACTIVITY_EVERY_MS = 30_000
/** A host that hangs and a network that swallows packets say nothing at all; the store's own limit is 20 s. */
const READ_MS = 30_000
/** What tries a server takes as long as that does not answer. */
const ACT_MS = 90_000
/** A host that takes longer to end a session is as good as away. */
const LOGOUT_MS = 5_000

export class Session {
  #state: SessionState = { kind: 'restoring' }
  /** In memory only: nothing that a script could read later. */
  #token: string | null = null
  #expiresAt: number | null = null
  /** The host gave a cookie along. */
  #renewable = true
  #refreshing: Promise<string> | null = null
  #finishing: Promise<void> | null = null
  #activeAt = Date.now()
  readonly #listeners = new Set<() => void>()
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    this.#parts = parts
    parts.channel.onmessage = (event) => {
      if (event.data === 'signed-out') this.#end(false)
      if (event.data === 'expired') this.#end(true)
      if (event.data === 'unended') this.#setUnended(true)
      if (event.data === 'signed-in' && this.#state.kind === 'signed-out') void this.restore()
      if (event.data === 'active') this.#activeAt = Date.now()
    }
  }

  readonly state = (): SessionState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes up the session of the refresh cookie, if there is one: `onFound` is told before it is known whose it is. */
  async restore(onFound: () => void = () => {}): Promise<void> {
    this.#set({ kind: 'restoring' })
    try {
      if (this.#parts.unended.get()) await this.#finish()
    } catch {
      // The host is away still: what was signed out of is not taken up again.
      this.#set({ kind: 'signed-out', expired: false, unended: true })
      return
    }
    try {
      await this.#refresh()
      onFound()
      await this.#loadUser()
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.#end(false)
      else this.#set({ kind: 'unavailable', problem: error instanceof ApiProblem ? error : unreachable() })
    }
  }

  async signIn(username: string, password: string): Promise<void> {
    // A new cookie takes the place of the one before, whose session nobody could end then.
    if (this.#parts.unended.get()) await this.#finish()
    const body = new URLSearchParams({ username, password })
    this.#token = await this.#tokenFrom(new Request(this.#url('/api/token'), { method: 'POST', body }))
    await this.#loadUser()
    this.#parts.channel.postMessage('signed-in')
  }

  /** When the access token ends, by the clock of this browser; null without one. */
  readonly expiresAt = (): number | null => this.#expiresAt

  /** When somebody last used a page of this browser, in this tab or another. */
  readonly activeAt = (): number => this.#activeAt

  noteActivity() {
    const now = Date.now()
    if (now - this.#activeAt > ACTIVITY_EVERY_MS) this.#parts.channel.postMessage('active')
    this.#activeAt = now
  }

  /** Renews before the end. False: the host refuses, or does not see the cookie; what is left of the session stays. */
  async extend(): Promise<boolean> {
    if (!this.#renewable) return false
    try {
      await this.#renew()
      return true
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return false
      throw error
    }
  }

  /** Ends a session that nobody uses, in all tabs; the host forgets it too. */
  readonly expire = (): Promise<void> => this.#leave(true)

  readonly signOut = (): Promise<void> => this.#leave(false)

  /** Has the host end what was left while it was away, if it is back. */
  async finishSignOut(): Promise<void> {
    try {
      // Another tab may have done it.
      if (this.#parts.unended.get()) await this.#finish()
      this.#setUnended(false)
    } catch {
      this.#setUnended(true)
    }
  }

  /** A token that the host gave out with another answer, in place of the one before. */
  adopt(answer: TokenAnswer) {
    this.#token = answer.access_token
    this.#note(answer)
  }

  readonly fetch = (request: Request): Promise<Response> => this.#authorized(request, deadlineOf(request))

  /** An answer that goes on for as long as somebody listens. */
  readonly stream = (request: Request): Promise<Response> => this.#authorized(request, null)

  /** Sends a request with the access token; renews it once where the host says that it is not valid any more. */
  async #authorized(request: Request, deadlineMs: number | null): Promise<Response> {
    const again = request.clone() // A body can be read only once.
    const token = this.#token ?? (await this.#refresh())
    const response = await this.#send(withToken(request, token), deadlineMs)
    if (response.status !== 401) return response
    // Others may have renewed it while this request was under way.
    const renewed = this.#token !== null && this.#token !== token ? this.#token : await this.#refresh()
    return this.#send(withToken(again, renewed), deadlineMs)
  }

  async #refresh(): Promise<string> {
    try {
      return await this.#renew()
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) this.#end(true)
      throw error
    }
  }

  /** One at a time: everyone who needs a token waits for the same one. */
  #renew(): Promise<string> {
    if (this.#parts.unended.get()) return Promise.reject(new ApiProblem(401, 'The session is being ended'))
    this.#refreshing ??= this.#parts
      .exclusively(() => this.#tokenFrom(new Request(this.#url('/api/refresh'), { method: 'POST' })))
      .then((token) => {
        this.#token = token
        return token
      })
      .finally(() => {
        this.#refreshing = null
      })
    return this.#refreshing
  }

  /** The page is closed at once, and stays closed: the host is told when it can be reached, after a reload if need be. */
  async #leave(expired: boolean): Promise<void> {
    const token = this.#token
    this.#parts.unended.set(true)
    this.#end(expired)
    this.#parts.channel.postMessage(expired ? 'expired' : 'signed-out')
    try {
      await this.#finish(token)
    } catch {
      this.#setUnended(true)
      this.#parts.channel.postMessage('unended')
    }
  }

  /** One at a time, as above. */
  #finish(token: string | null = null): Promise<void> {
    this.#finishing ??= this.#logout(token)
      .then(() => this.#parts.unended.set(false))
      .finally(() => {
        this.#finishing = null
      })
    return this.#finishing
  }

  async #logout(token: string | null): Promise<void> {
    const headers = new Headers(token === null ? {} : { Authorization: `Bearer ${token}` })
    const signal = AbortSignal.timeout(LOGOUT_MS)
    const response = await this.#send(new Request(this.#url('/api/logout'), { method: 'POST', headers, signal }))
    if (!response.ok) throw problemFrom(response, null)
  }

  async #tokenFrom(request: Request): Promise<string> {
    const response = await this.#send(request)
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw problemFrom(response, body)
    if (!isTokenAnswer(body)) throw new ApiProblem(response.status, 'The host answered without a token')
    this.#note(body)
    return body.access_token
  }

  async #loadUser(): Promise<void> {
    const response = await this.fetch(new Request(this.#url('/api/users/me')))
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw problemFrom(response, body)
    this.#set({ kind: 'signed-in', user: userFrom(body) })
  }

  async #send(request: Request, deadlineMs: number | null = deadlineOf(request)): Promise<Response> {
    const limits = deadlineMs === null ? [] : [AbortSignal.timeout(deadlineMs)]
    try {
      return await this.#parts.fetch(new Request(request, { signal: AbortSignal.any([request.signal, ...limits]) }))
    } catch (error) {
      if (request.signal.aborted) throw error
      throw unreachable()
    }
  }

  #note({ expires_in, renewable }: TokenAnswer) {
    this.#expiresAt = Date.now() + expires_in * 1_000
    this.#renewable = renewable
  }

  #url(path: string): string {
    return this.#parts.origin + path
  }

  #end(expired: boolean) {
    this.#token = null
    this.#expiresAt = null
    if (this.#state.kind === 'signed-out') return
    // Only someone who was in can be told that the session ran out.
    this.#set({ kind: 'signed-out', expired: expired && this.#state.kind === 'signed-in', unended: false })
  }

  #setUnended(unended: boolean) {
    if (this.#state.kind === 'signed-out' && this.#state.unended !== unended) this.#set({ ...this.#state, unended })
  }

  #set(state: SessionState) {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}

const deadlineOf = ({ method }: Request): number => (method === 'GET' ? READ_MS : ACT_MS)

function withToken(request: Request, token: string): Request {
  const headers = new Headers(request.headers)
  headers.set('Authorization', `Bearer ${token}`)
  return new Request(request, { headers })
}

function userFrom(body: unknown): User {
  if (typeof body === 'object' && body !== null && 'login' in body && 'role' in body) {
    // The host's own document promises this shape; the two fields that decide what is shown were just looked at.
    return body as User
  }
  throw new ApiProblem(0, 'The host answered without a user')
}

const isTokenAnswer = (body: unknown): body is TokenAnswer =>
  typeof body === 'object' &&
  body !== null &&
  'access_token' in body &&
  typeof body.access_token === 'string' &&
  'expires_in' in body &&
  typeof body.expires_in === 'number' &&
  'renewable' in body &&
  typeof body.renewable === 'boolean'
