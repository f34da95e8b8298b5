import { expect, test } from 'vitest'
import { labelMatcher } from '../../src/api/label-matcher.ts'
import { nameOfPart, paths } from '../../src/lib/paths.ts'
import { parseSearch, stringifySearch } from '../../src/lib/search-text.ts'
import {
  anyText,
  choiceOf,
  listOf,
  listToText,
  matching,
  parseList,
  parseSort,
  readSearch,
  sortOf,
} from '../../src/lib/url-state.ts'

test('a sort by a column that does not exist is none', () => {
  expect(parseSort('-size', ['name', 'size'])).toEqual({ id: 'size', descending: true })
  expect(parseSort('salary', ['name', 'size'])).toBeUndefined()
  expect(parseSort(7, ['name', 'size'])).toBeUndefined()
})

test('a list keeps what exists, once, in the usual order', () => {
  expect(parseList('size,name,size,salary', ['name', 'size', 'state'])).toEqual(['name', 'size'])
  expect(parseList('salary', ['name'])).toBeUndefined()
})

test('a list of none is not the usual one', () => {
  expect(parseList(listToText([]), ['name', 'size'])).toEqual([])
  expect(parseList(listToText(['size']), ['name', 'size'])).toEqual(['size'])
})

test('the search part is texts, also where they look like numbers', () => {
  expect(parseSearch('?q=2024&live=0&from=2026-01-31T12:00:00Z')).toEqual({
    q: '2024',
    live: '0',
    from: '2026-01-31T12:00:00Z',
  })
})

test('the search part can be read, and nothing is lost in it', () => {
  const search = { from: '2026-01-31T12:00:00Z', q: 'a&b=c+d %', col: 'name,size', sort: undefined, state: '' }
  const text = stringifySearch(search)
  expect(text).toBe('?from=2026-01-31T12:00:00Z&q=a%26b%3Dc%2Bd+%25&col=name,size')
  expect(parseSearch(text)).toEqual({ from: search.from, q: search.q, col: search.col })
})

test('names stand in links so that any name can', () => {
  const name = 'имя/с %?#'
  const path = paths.database('pg-1', name)
  expect(path.split('/')).toHaveLength(5)
  expect(decodeURIComponent(path.split('/')[4] ?? '')).toBe(name)
})

test.each(['.', '..', '~.', '~..', '~~.', '~', '...', '.a', '~a'])(
  'a browser does not take away the name %s',
  (name) => {
    const address = new URL(paths.database('pg-1', name), 'http://host/')
    const [, servers, server, db, last, ...rest] = address.pathname.split('/')
    expect([servers, server, db, rest]).toEqual(['servers', 'pg-1', 'db', []])
    expect(nameOfPart(decodeURIComponent(last ?? ''))).toBe(name)
  },
)

test('every link has its shape', () => {
  const links = Object.entries(paths).map(([name, link]) => [name, link('s', 'd')])
  expect(Object.fromEntries(links)).toMatchInlineSnapshot(`
    {
      "account": "/account",
      "apiDocument": "/openapi.json",
      "apiRedoc": "/redoc",
      "apiSwagger": "/docs",
      "audit": "/audit",
      "database": "/servers/s/db/d",
      "editServer": "/servers/s/edit",
      "events": "/events",
      "explore": "/explore",
      "home": "/",
      "login": "/login",
      "logs": "/logs",
      "newServer": "/servers/new",
      "plugin": "/plugins/s",
      "pluginConfig": "/plugins/s/config",
      "pluginCosts": "/plugins/s/costs",
      "pluginLogs": "/plugins/s/logs",
      "pluginMetrics": "/plugins/s/metrics",
      "pluginReloads": "/plugins/s/reloads",
      "pluginRuns": "/plugins/s/runs",
      "pluginServers": "/plugins/s/servers",
      "plugins": "/plugins",
      "run": "/runs/s",
      "runs": "/runs",
      "server": "/servers/s",
      "serverAnalysis": "/servers/s/analysis",
      "serverDatabases": "/servers/s/databases",
      "serverEvents": "/servers/s/events",
      "serverMetrics": "/servers/s/metrics",
      "serverPlugins": "/servers/s/plugins",
      "serverSessions": "/servers/s/sessions",
      "servers": "/servers",
      "settings": "/settings",
      "setup": "/setup",
      "sshKeys": "/ssh-keys",
      "users": "/users",
    }
  `)
})

test('a comma in a label does not end it', () => {
  expect(labelMatcher('datname', 'a,b\\c')).toBe('datname:a\\,b\\\\c')
})

test('what a page does not understand of its address is told apart, and the rest of the address is left alone', () => {
  const readers = {
    q: anyText,
    state: choiceOf(['ok', 'warning']),
    sort: sortOf(['name', 'size']),
    col: listOf(['name', 'size']),
    before: matching(/^\d+$/),
  }
  expect(readSearch(readers, { q: '0', state: 'ok', sort: '-size', col: '-', before: '7', from: 'now-1h' })).toEqual({
    search: { q: '0', state: 'ok', sort: '-size', col: '-', before: '7' },
    unknown: {},
  })
  expect(readSearch(readers, { q: '', state: 'bogus', sort: 'bogus', col: 'bogus', before: 'zz', by: 'x' })).toEqual({
    search: {},
    unknown: { state: 'bogus', sort: 'bogus', col: 'bogus', before: 'zz' },
  })
})
