import { expect, test } from 'vitest'
import { labelMatcher } from '../../src/api/label-matcher.ts'
import { paths } from '../../src/lib/paths.ts'
import {
  parseRange,
  parseSort,
  rangeSeconds,
  rangeToQuery,
  rangeToSearch,
  validateRange,
} from '../../src/lib/url-state.ts'

test.each([
  [{}],
  [{ from: 'now-3y' }],
  [{ from: '2026-02-01T00:00:00Z' }],
  [{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
  [{ from: 42, to: {} }],
])('a range that nobody understands leaves the URL: %j', (search) => {
  expect(validateRange(search)).toEqual({})
  expect(parseRange(validateRange(search))).toEqual({ kind: 'relative', name: '24h' })
})

test('a relative range follows the clock of the host', () => {
  const search = validateRange({ from: 'now-90d' })
  expect(rangeToQuery(parseRange(search))).toEqual({ from: 'now-90d', to: 'now' })
})

test('a chosen section survives the way through the URL', () => {
  const range = { kind: 'absolute', from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2) } as const
  expect(parseRange(validateRange({ ...rangeToSearch(range) }))).toEqual(range)
})

test('the names of ranges say how long they are', () => {
  expect(rangeSeconds('1h')).toBe(3_600)
  expect(rangeSeconds('365d')).toBe(365 * 86_400)
})

test('a sort by a column that does not exist is none', () => {
  expect(parseSort('-size', ['name', 'size'])).toEqual({ id: 'size', descending: true })
  expect(parseSort('salary', ['name', 'size'])).toBeUndefined()
  expect(parseSort(7, ['name', 'size'])).toBeUndefined()
})

test('names stand in links so that any name can', () => {
  const name = 'имя/с %?#'
  const path = paths.database('pg-1', name)
  expect(path.split('/')).toHaveLength(5)
  expect(decodeURIComponent(path.split('/')[4] ?? '')).toBe(name)
})

test('every link has its shape', () => {
  const links = Object.entries(paths).map(([name, link]) => [name, link('s', 'd')])
  expect(Object.fromEntries(links)).toMatchInlineSnapshot(`
    {
      "database": "/servers/s/db/d",
      "editServer": "/servers/s/edit",
      "events": "/events",
      "home": "/",
      "login": "/login",
      "newServer": "/servers/new",
      "plugin": "/plugins/s",
      "plugins": "/plugins",
      "runs": "/runs",
      "server": "/servers/s",
      "serverDatabases": "/servers/s/databases",
      "serverRuns": "/servers/s/runs",
      "serverSessions": "/servers/s/sessions",
      "servers": "/servers",
      "settings": "/settings",
    }
  `)
})

test('a comma in a label does not end it', () => {
  expect(labelMatcher('datname', 'a,b\\c')).toBe('datname:a\\,b\\\\c')
})
