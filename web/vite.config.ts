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

/** What the shell needs, and pages too: left to itself it comes in a dozen pieces. */
const FRAME = [
  /\/node_modules\/(@base-ui|@floating-ui|@tanstack\/(react-router|router-core|react-store|store|history)|use-sync-external-store)\//,
  /\/src\/(app\/(nav|time|live)|api\/(live|event-stream|freshness)|lib\/(paths|roles|preferences|router-hooks|shortcuts)|ui\/open-dialogs|blocks\/state-view)\.tsx?$/,
]

/** The small pieces that many pages share, and the shell does not need. */
const BLOCKS = [
  /\/node_modules\/.*(useBlocker|AlertDialogRoot|DialogDescription|useMutation|mutationObserver)\.m?js$/,
  /\/src\/(lib\/(csv|download|grants|group|sort)|ui\/(badge|dialog|search-box)|charts\/(facts|line-looks)|api\/(admin|history)-queries)\.tsx?$/,
  /\/src\/blocks\/(absence|age|card|confirm-danger|copy-button|form-problem|name-filter|server-state|usage-bar)\.tsx$/,
]

export default defineConfig({
  plugins: [react(), tailwindcss(), redocStandalone(), mockBackend()],
  build: {
    // `font-src 'self'` forbids data: URLs.
    assetsInlineLimit: 0,
    // The polyfill is an inline script; every browser that we support preloads modules by itself.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What many pages share comes in one piece: smaller, and fewer to ask for.
        codeSplitting: {
          groups: [
            { name: 'blocks', test: (id) => BLOCKS.some((piece) => piece.test(id)) },
            { name: 'frame', test: (id) => FRAME.some((piece) => piece.test(id)) },
          ],
          includeDependenciesRecursively: false,
        },
      },
    },
  },
  server: { host: '127.0.0.1', port: 5173 },
})
