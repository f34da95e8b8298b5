import { type Route, route } from '../http.ts'

/** As the host does it. */
const KEEP_ALIVE_MS = 15_000

export const streamRoutes: readonly Route[] = [
  route('get', '/api/stream', 'viewer', ({ response, world }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': open\n\n')
    world.streams.add(response)
    const alive = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS)
    response.on('close', () => {
      clearInterval(alive)
      world.streams.delete(response)
    })
    return null
  }),
]
