import { type Route, route } from '../http.ts'

export const streamRoutes: readonly Route[] = [
  route('get', '/api/stream', 'viewer', ({ response, world }) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': open\n\n')
    world.streams.add(response)
    response.on('close', () => world.streams.delete(response))
    return null
  }),
]
