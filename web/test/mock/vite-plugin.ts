import type { Plugin } from 'vite'
import { handle } from './backend.ts'

/** The CSP that the host sends: without unsafe-inline, without a nonce. */
export const CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"

/** Serves the mock backend with `vite` and with `vite preview`; the latter under the host's CSP. */
export function mockBackend(): Plugin {
  return {
    name: 'mock-backend',
    configureServer(server) {
      server.middlewares.use(handle)
    },
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        response.setHeader('Content-Security-Policy', CSP)
        handle(request, response, next)
      })
    },
  }
}
