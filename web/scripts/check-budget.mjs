// Fails the build when the bundles outgrow their budget. Sizes are of gzip, in units of 1,000 bytes.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const assets = new URL('assets/', dist)
const budget = JSON.parse(readFileSync(new URL('../budget.json', import.meta.url), 'utf8'))

const read = (name) => readFileSync(new URL(name, assets))
// The page /redoc of the host is not part of the UI.
const files = readdirSync(assets).filter((name) => name !== 'redoc.standalone.js')
const scripts = files.filter((name) => name.endsWith('.js'))
const styles = files.filter((name) => name.endsWith('.css'))
const sizes = new Map([...scripts, ...styles].map((name) => [name, gzipSync(read(name)).length / 1_000]))
const sum = (names) => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0)

/** A chunk with everything that it imports at once; `import()` is not meant. */
function withImports(name, found = new Set()) {
  if (found.has(name) || !sizes.has(name)) return found
  found.add(name)
  const code = read(name).toString()
  for (const [, imported] of code.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) withImports(imported, found)
  return found
}

/** What a chunk asks for only when it is needed. */
const lazy = (name) =>
  [
    ...read(name)
      .toString()
      .matchAll(/\bimport\(\s*["'`]\.\/([^"'`]+\.js)["'`]/g),
  ].map(([, imported]) => imported)

const chunk = (start) => {
  const name = scripts.find((script) => script.startsWith(`${start}-`))
  if (name === undefined) throw new Error(`the build has no chunk called ${start}`)
  return name
}

const html = readFileSync(new URL('index.html', dist), 'utf8')
const entries = scripts.filter((name) => html.includes(name))
const login = new Set([...entries.flatMap((name) => [...withImports(name)]), chunk('ru')])
const shell = new Set([...login, ...withImports(chunk('signed-in'))])
const only = (names, without) => [...names].filter((name) => !without.has(name))
const charts = chunk('time-chart')
// What a page has when it asks for the charts.
const page = new Set(scripts.filter((name) => lazy(name).includes(charts)).flatMap((name) => [...withImports(name)]))

// Pages, tabs, dialogs: whatever is asked for later, whatever its chunk is called.
const parts = [...new Set(scripts.flatMap(lazy))].filter((name) => !shell.has(name))
const routes = parts.map((name) => ({ name, size: sum(only(withImports(name), shell)) }))
const greatest = routes.reduce((a, b) => (b.size > a.size ? b : a))

const results = [
  ['login', sum(login), budget.login],
  ['shell', sum(shell), budget.shell],
  [`greatest route, ${greatest.name}`, greatest.size, budget.route],
  ['charts', sum(only(withImports(charts), new Set([...shell, ...page]))), budget.charts],
  ['all scripts', sum(scripts), budget.total],
  ['all styles', sum(styles), budget.css],
]

let failed = false
for (const [name, size, limit] of results) {
  const over = size > limit
  failed ||= over
  console.log(`${over ? 'OVER' : 'ok  '} ${name}: ${size.toFixed(1)} of ${limit} kB`)
}
if (failed) process.exit(1)
