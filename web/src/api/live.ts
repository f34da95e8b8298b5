import { serverSentEvents } from './event-stream'

/** How new things come: the host tells them, or we ask because it cannot tell, or because it does not just now. */
type Link = 'push' | 'polling' | 'connecting'

/** `paused`: nothing moves. */
export type LiveState = Link | 'paused'

/** What the host pushed: that something happened, and where. What exactly is then asked for as ever. */
export interface LiveEvent {
  /** `missed`: more happened than could be told. */
  kind: 'run' | 'event' | 'missed'
  server: string | null
  plugin: string | null
}

export interface LiveParts {
  open: (signal: AbortSignal) => Promise<Response>
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

const RETRY_FIRST_MS = 1_000
const RETRY_MOST_MS = 30_000
/** The host says something every 15 seconds; after so long it is away, and the connection is only forgotten. */
const SILENCE_MS = 40_000
/**
 * What is pushed meanwhile waits with the browser and is read in one piece: each reading costs as much as a small table
 * drawn anew, and a host of many servers tells something each second. Pages ask again no sooner anyhow.
 */
const READ_EVERY_MS = 2_000
/** A host without the stream will not grow it soon. */
const UNSUPPORTED_MS = 300_000

/** The one connection over which the host pushes; all pages listen to it. */
export class Live {
  #link: Link = 'connecting'
  #paused = false
  #holds = 0
  #stop: AbortController | null = null
  readonly #parts: LiveParts
  readonly #watchers = new Set<() => void>()
  readonly #listeners = new Set<(event: LiveEvent) => void>()

  constructor(parts: LiveParts) {
    this.#parts = parts
  }

  readonly state = (): LiveState => {
    if (this.#paused || this.#holds > 0) return 'paused'
    return this.#link
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  readonly listen = (listener: (event: LiveEvent) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The reader's own pause. */
  setPaused(paused: boolean) {
    this.#paused = paused
    this.#changed()
  }

  /** Pauses while something is looked at or worked on, until the returned function is called. */
  hold(): () => void {
    this.#holds += 1
    this.#changed()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      this.#changed()
    }
  }

  start() {
    if (this.#stop !== null) return
    const stop = new AbortController()
    this.#stop = stop
    void this.#run(stop.signal)
  }

  stop() {
    this.#stop?.abort()
    this.#stop = null
    this.#setLink('connecting')
  }

  async #run(signal: AbortSignal): Promise<void> {
    let retry = RETRY_FIRST_MS
    while (!signal.aborted) {
      const outcome = await this.#connect(signal)
      if (signal.aborted) return
      this.#setLink(outcome === 'unsupported' ? 'polling' : 'connecting')
      if (outcome === 'ended') retry = RETRY_FIRST_MS
      await this.#parts.wait(outcome === 'unsupported' ? UNSUPPORTED_MS : retry, signal)
      retry = Math.min(retry * 2, RETRY_MOST_MS)
    }
  }

  async #connect(signal: AbortSignal): Promise<'ended' | 'failed' | 'unsupported'> {
    const silence = new AbortController()
    const onSilence = () => silence.abort()
    let timer = setTimeout(onSilence, SILENCE_MS)
    const onPiece = () => {
      clearTimeout(timer)
      timer = setTimeout(onSilence, SILENCE_MS)
      return this.#parts.wait(READ_EVERY_MS, signal)
    }
    try {
      const response = await this.#parts.open(AbortSignal.any([signal, silence.signal]))
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
      if (!response.ok || !isStream || response.body === null) {
        await response.body?.cancel()
        return response.status === 404 || response.ok ? 'unsupported' : 'failed'
      }
      this.#setLink('push')
      for await (const event of serverSentEvents(response.body, onPiece)) this.#hear(event.event, event.data)
      return 'ended'
    } catch {
      // Away, cut, or signed out: the session speaks for itself, here one only tries again.
      return 'failed'
    } finally {
      clearTimeout(timer)
    }
  }

  #hear(kind: string, data: string) {
    if (kind !== 'run' && kind !== 'event' && kind !== 'missed') return
    const event: LiveEvent = { kind, ...subjectOf(data) }
    for (const listener of this.#listeners) listener(event)
  }

  #setLink(link: Link) {
    if (this.#link === link) return
    this.#link = link
    this.#changed()
  }

  #changed() {
    for (const watcher of this.#watchers) watcher()
  }
}

function subjectOf(data: string): { server: string | null; plugin: string | null } {
  try {
    const body: unknown = JSON.parse(data)
    if (typeof body !== 'object' || body === null) return { server: null, plugin: null }
    const { server, plugin } = { server: null, plugin: null, ...body }
    return {
      server: typeof server === 'string' ? server : null,
      plugin: typeof plugin === 'string' ? plugin : null,
    }
  } catch {
    return { server: null, plugin: null }
  }
}
