import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ServerSentEvent, serverSentEvents } from '../../src/api/event-stream.ts'
import { Live, type LiveEvent } from '../../src/api/live.ts'

/** A body that arrives in the given pieces. */
function body(...pieces: string[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder()
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes.encode(piece))
      controller.close()
    },
  })
}

async function eventsOf(...pieces: string[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = []
  for await (const event of serverSentEvents(body(...pieces))) events.push(event)
  return events
}

describe('reading events', () => {
  test('an event may come in any pieces', async () => {
    const text = 'event: run\r\ndata: {"a":\ndata: 1}\n\n: keep-alive\n\nevent:event\ndata:x\n\n'
    const expected = [
      { event: 'run', data: '{"a":\n1}' },
      { event: 'event', data: 'x' },
    ]
    expect(await eventsOf(text)).toEqual(expected)
    expect(await eventsOf(...text)).toEqual(expected)
  })

  test('one that was cut is none', async () => {
    expect(await eventsOf('event: run\ndata: {"a"')).toEqual([])
  })
})

const stream = (...pieces: string[]) =>
  new Response(body(...pieces), { headers: { 'Content-Type': 'text/event-stream' } })

/** Answers in turn; when they are used up, the page is closed. Waits take no time and are noted. */
function liveOn(answers: (() => Response)[]) {
  const waits: number[] = []
  const heard: LiveEvent[] = []
  const states: string[] = []
  let closed = () => {}
  const done = new Promise<void>((resolve) => {
    closed = resolve
  })
  const live: Live = new Live({
    open: () => {
      const answer = answers.shift()
      if (answer === undefined) {
        live.stop()
        closed()
        return Promise.reject(new Error('closed'))
      }
      return Promise.resolve(answer())
    },
    wait: (milliseconds) => {
      waits.push(milliseconds)
      return Promise.resolve()
    },
  })
  live.listen((event) => heard.push(event))
  live.subscribe(() => states.push(live.state()))
  live.start()
  return { live, waits, heard, states, done }
}

test('what the host pushes is told, and what is not known is left alone', async () => {
  const text = [
    'event: run\ndata: {"server":"a","plugin":"p","outcome":"failed"}\n\n',
    'event: missed\ndata: {"count":7}\n\n',
    'event: weather\ndata: {}\n\n',
    'event: event\ndata: not json\n\n',
  ]
  const { heard, done } = liveOn([() => stream(...text)])
  await done
  expect(heard).toEqual([
    { kind: 'run', server: 'a', plugin: 'p' },
    { kind: 'missed', server: null, plugin: null },
    { kind: 'event', server: null, plugin: null },
  ])
})

test('what is pushed in quick succession is read in one piece', async () => {
  let read = () => {}
  const heard: LiveEvent[] = []
  const pushed = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 100 })
  const host = pushed.writable.getWriter()
  const run = () => host.write(new TextEncoder().encode('event: run\ndata: {}\n\n'))
  const waits: number[] = []
  const live = new Live({
    open: () => Promise.resolve(new Response(pushed.readable, { headers: { 'Content-Type': 'text/event-stream' } })),
    wait: (milliseconds) => {
      waits.push(milliseconds)
      return new Promise((resolve) => {
        read = resolve
      })
    },
  })
  live.listen((event) => heard.push(event))
  live.start()
  await run()
  await vi.waitFor(() => expect(heard).toHaveLength(1))
  void run()
  await new Promise((resolve) => setTimeout(resolve))
  expect(heard).toHaveLength(1)
  expect(waits).toEqual([2_000])
  read()
  await vi.waitFor(() => expect(heard).toHaveLength(2))
  live.stop()
})

test('while the stream is away one asks, ever more seldom, and listens again', async () => {
  const refused = () => new Response('no', { status: 503 })
  const { waits, states, done } = liveOn([refused, refused, () => stream(), refused])
  await done
  expect(states).toEqual(['push', 'connecting'])
  expect(waits).toEqual([1_000, 2_000, 1_000, 2_000])
})

test('a host without the stream is not asked for it every second', async () => {
  const page = () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })
  const { waits, states, done } = liveOn([() => new Response('no', { status: 404 }), page])
  await done
  // The last when the page is closed.
  expect(states).toEqual(['polling', 'connecting'])
  expect(waits).toEqual([300_000, 300_000])
})

describe('a host that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A connection over which something is said every so often, and that ends by no word of its own. */
  const speaking = (everyMs: number, times: number) => (signal: AbortSignal) => {
    const bytes = new TextEncoder()
    const endless = new ReadableStream<Uint8Array>({
      async start(controller) {
        signal.addEventListener('abort', () => controller.error(signal.reason))
        for (let said = 0; said < times && !signal.aborted; said += 1) {
          await new Promise((resolve) => setTimeout(resolve, everyMs))
          if (!signal.aborted) controller.enqueue(bytes.encode(':\n\n'))
        }
      },
    })
    return Promise.resolve(new Response(endless, { headers: { 'Content-Type': 'text/event-stream' } }))
  }

  test('is not called live for longer than it may be silent', async () => {
    const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))
    const opened = [speaking(15_000, 4)]
    const live = new Live({ open: (signal) => opened.pop()?.(signal) ?? new Promise(() => {}), wait })
    live.start()
    await vi.advanceTimersByTimeAsync(99_000)
    expect(live.state()).toBe('push')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(live.state()).toBe('connecting')
  })

  test('is asked again, though it never answered', async () => {
    let asked = 0
    const open = (signal: AbortSignal) => {
      asked += 1
      return new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const live = new Live({ open, wait: () => Promise.resolve() })
    live.start()
    await vi.advanceTimersByTimeAsync(41_000)
    expect(asked).toBe(2)
    live.stop()
  })
})

test('nothing moves while anything holds it', () => {
  const live = new Live({ open: () => new Promise(() => {}), wait: () => Promise.resolve() })
  expect(live.state()).toBe('connecting')
  const first = live.hold()
  const second = live.hold()
  first()
  first()
  expect(live.state()).toBe('paused')
  second()
  expect(live.state()).toBe('connecting')
  live.setPaused(true)
  expect(live.state()).toBe('paused')
})
