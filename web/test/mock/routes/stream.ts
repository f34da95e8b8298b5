import type { ServerResponse } from 'node:http'
import { type Route, route } from '../http.ts'

/** As the host does it. */
const KEEP_ALIVE_MS = 15_000
/** As the host does it: what happens so soon after something was told is told together. */
const TOLD_TOGETHER_MS = 1_000

/** An open event stream. */
export class EventStream {
  readonly #response: ServerResponse
  #waiting = ''
  #toldAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  tell(event: string, data: string) {
    this.#waiting += `event: ${event}\ndata: ${data}\n\n`
    const inMs = Math.max(0, this.#toldAt + TOLD_TOGETHER_MS - performance.now())
    this.#timer ??= setTimeout(() => this.#write(), inMs)
  }

  #write() {
    this.#response.write(this.#waiting)
    this.#waiting = ''
    this.#toldAt = performance.now()
    this.#timer = undefined
  }

  end() {
    clearTimeout(this.#timer)
    this.#response.end(this.#waiting)
  }
}

export const streamRoutes: readonly Route[] = [
  route('get', '/api/stream', 'viewer', ({ response, world }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': open\n\n')
    const stream = new EventStream(response)
    world.streams.add(stream)
    const alive = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS)
    response.on('close', () => {
      clearInterval(alive)
      stream.end()
      world.streams.delete(stream)
    })
    return null
  }),
]
