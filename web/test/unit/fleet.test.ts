import { expect, test } from 'vitest'
import { usageTone } from '../../src/blocks/usage-bar.tsx'
import { sparkPath } from '../../src/charts/spark-path.ts'
import { judge, shades, shareShade, totals, worstFirst } from '../../src/features/fleet/fleet-model.ts'
import { makeServers } from '../mock/data/servers.ts'

const servers = makeServers(12)
const judged = servers.map((server) => judge(server, Date.now()))

test('what does not answer stands first, then a full disk, then a warning; what is well is not in the list', () => {
  expect(worstFirst(judged).map((one) => one.server.name)).toEqual(['crm-01', 'mail-01', 'logistics-01'])
})

test('a full disk makes a server critical that answers', () => {
  const mail = judged.find((one) => one.server.name === 'mail-01')
  expect(mail?.condition).toBe('critical')
  expect(mail?.server.state).toBe('ok')
})

test('a disk is nothing to act upon before the list shows it in red', () => {
  const [server] = servers
  if (server === undefined) throw new Error('there is no server')
  const condition = (used: number) =>
    judge({ ...server, free_space: 100 - used, total_space: 100 }, Date.now()).condition
  expect([0.84, 0.85].map((used) => [usageTone(used), condition(used * 100)])).toEqual([
    ['warn', 'ok'],
    ['bad', 'critical'],
  ])
})

test('what was not seen for long is doubted, but not what is known not to answer', () => {
  const later = Date.now() + 3_600_000
  const doubted = servers.map((server) => judge(server, later))
  const kinds = ({ troubles }: (typeof doubted)[number]) => troubles.map((trouble) => trouble.kind)
  expect(doubted.slice(0, 1).map(kinds)).toEqual([['stale']])
  expect(doubted.filter((one) => one.condition === 'unreachable').map(kinds)).toEqual([[]])
})

test('sums leave out what is not known and what is not of now', () => {
  const sums = totals(judged)
  expect(sums.byCondition).toEqual({ ok: 8, warning: 1, critical: 1, unreachable: 1, pending: 1 })
  const crm = servers.find((server) => server.name === 'crm-01')
  const all = totals(servers.map((server) => judge({ ...server, state: 'ok' }, Date.now())))
  expect((all.transactions ?? 0) - (sums.transactions ?? 0)).toBeCloseTo(crm?.transactions_per_second ?? -1)
  expect(totals([]).connections).toBeNull()
})

test('a sum names the servers that are not in it', () => {
  const { without } = totals(judged)
  const names = (left: typeof servers) => left.map(({ name }) => name)
  expect(names(without.connections)).toEqual(['crm-01', 'stock-01'])
  expect(names(without.transactions)).toEqual(['crm-01', 'stock-01'])
  expect(names(without.size)).toEqual(['stock-01'])
})

test('one giant does not make all others equal, and what is not known has no shade', () => {
  expect(shades([1, 2, 3, 1_000_000, null, 1])).toEqual([0, 2, 3, 5, null, 0])
  expect(shareShade(0.99)).toBe(5)
  expect(shareShade(0)).toBe(0)
  expect(shareShade(null)).toBeNull()
})

test('a sparkline has its gaps, and nothing where nothing is known', () => {
  expect(sparkPath([0, 10, null, 5], 30, 12)).toBe('M0.0 11.0L10.0 1.0M30.0 6.0')
  expect(sparkPath([null, null], 30, 12)).toBe('')
})
