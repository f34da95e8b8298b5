import { type Route, untyped } from '../http.ts'

export const streamRoutes: readonly Route[] = [
  untyped('get', '/api/stream', 'viewer', ({ response, world }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': open\n\n')
    world.streams.add(response)
    response.on('close', () => world.streams.delete(response))
    return null
  }),
]
