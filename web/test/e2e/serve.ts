import { preview } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    baseUrl: string
    /** Of a real host, in place of the mock: the admin's password, and the one server that it watches. */
    host?: { password: string; server: string }
  }
}

/** Serves dist on a port that is free. */
export default async function serve(project: TestProject) {
  const server = await preview({ preview: { host: '127.0.0.1', port: 0 }, logLevel: 'warn' })
  const address = server.httpServer.address()
  if (address === null || typeof address === 'string') throw new Error('the preview server has no port')
  project.provide('baseUrl', `http://127.0.0.1:${address.port}`)
  return () => server.close()
}
