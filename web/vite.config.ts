import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { mockBackend } from './test/mock/vite-plugin.ts'

/** The offline page /redoc of the host needs this file; the host serves it from our dist. */
function redocStandalone(): Plugin {
  let outDir = 'dist'
  return {
    name: 'redoc-standalone',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir)
    },
    closeBundle() {
      const source = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js')
      mkdirSync(join(outDir, 'assets'), { recursive: true })
      // Its picture is somebody else's: a page of ours loads nothing from elsewhere.
      const script = readFileSync(source, 'utf8').replaceAll('https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,')
      if (script.includes('//cdn.')) throw new Error('the script of /redoc loads something from elsewhere')
      writeFileSync(join(outDir, 'assets', 'redoc.standalone.js'), script)
    },
  }
}

const SHARED =
  /\/src\/(app\/(nav|time|live)|api\/(live|event-stream|freshness)|lib\/(paths|roles|preferences|shortcuts)|ui\/open-dialogs|blocks\/state-view)\.tsx?$/

export default defineConfig({
  plugins: [react(), tailwindcss(), redocStandalone(), mockBackend()],
  build: {
    // `font-src 'self'` forbids data: URLs.
    assetsInlineLimit: 0,
    // The polyfill is an inline script; every browser that we support preloads modules by itself.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What the shell and nearly every page share comes in one piece: smaller, and fewer to ask for.
        codeSplitting: {
          groups: [{ name: 'shared', test: SHARED }],
          includeDependenciesRecursively: false,
        },
      },
    },
  },
  server: { host: '127.0.0.1', port: 5173 },
})
