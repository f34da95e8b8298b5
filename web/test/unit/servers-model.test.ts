import { expect, test } from 'vitest'
import { conditionOf, isStale } from '../../src/blocks/server-state.tsx'
import { facetChoices, filterServers, majorVersion } from '../../src/features/servers/servers-model.ts'
import { makeServers } from '../mock/data/servers.ts'

const servers = makeServers(24)
const condition = (server: (typeof servers)[number]) => conditionOf(server, Date.now())
const none = { text: '', state: undefined, version: undefined, tag: undefined }

test.each([
  ['18.1 (Debian 18.1-1.pgdg13+1)', '18'],
  ['9.6.24', '9.6'],
  ['10.23', '10'],
  [null, undefined],
])('the major version of %s is %s', (version, expected) => {
  expect(majorVersion(version)).toBe(expected)
})

test('a search, a state, a version and a tag must all hold', () => {
  const found = filterServers(servers, { text: '10.20 BILL', state: 'ok', version: '18', tag: 'production' }, condition)
  expect(found.map((server) => server.name)).toEqual(['billing-01'])
})

test('a facet counts what its other choices would leave', () => {
  const filter = { ...none, state: 'unreachable' as const }
  const counts = facetChoices(filterServers(servers, filter, condition, 'state'), (server) => [condition(server)])
  expect(counts.find((one) => one.value === 'ok')?.count).toBe(16)
  expect(filterServers(servers, filter, condition)).toHaveLength(2)
})

test('what was seen long ago is marked, what was never seen is not', () => {
  const now = Date.parse('2026-01-01T12:00:00Z')
  expect(isStale({ state: 'ok', checked_at: '2026-01-01T11:00:00Z' }, now)).toBe(true)
  expect(isStale({ state: 'ok', checked_at: '2026-01-01T11:55:00Z' }, now)).toBe(false)
  expect(isStale({ state: 'pending', checked_at: null }, now)).toBe(false)
})
