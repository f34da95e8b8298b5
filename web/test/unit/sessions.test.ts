import { expect, test } from 'vitest'
import type { LiveQuery } from '../../src/api/types.ts'
import { type BlockingNode, blockingTree, lockText, nearest } from '../../src/features/server/blocking-model.ts'
import {
  byWeight,
  countBlocked,
  countStates,
  countWaits,
  filterSessions,
  lasted,
  statementStart,
} from '../../src/features/server/sessions-model.ts'

const session = (pid: number, more: Partial<LiveQuery> = {}): LiveQuery => ({
  pid,
  usename: 'app',
  datname: 'shop',
  application_name: '',
  client_addr: null,
  state: 'idle',
  wait_event_type: null,
  wait_event: null,
  backend_start: '2026-01-01T00:00:00Z',
  xact_start: null,
  query_start: null,
  query: null,
  blocked_by: [],
  awaited_lock: null,
  ...more,
})

const BLOCKED = { state: 'active', wait_event_type: 'Lock', wait_event: 'transactionid' }
const SESSIONS = [
  session(1),
  session(2, { state: 'idle in transaction (aborted)', xact_start: '2026-01-01T01:00:00Z' }),
  session(3, { state: 'active', xact_start: '2026-01-01T02:00:00Z' }),
  session(4, { ...BLOCKED, xact_start: '2026-01-01T03:00:00Z' }),
  session(5, { state: 'active', xact_start: '2026-01-01T01:00:00Z' }),
  session(6, { state: null }),
]

test('who waits for a lock comes first, then what has been going on for longest', () => {
  const order = SESSIONS.toSorted(byWeight(new Map()))
  expect(order.map((one) => one.pid)).toEqual([4, 5, 3, 2, 6, 1])
})

test('who keeps others waiting and waits for nobody comes before all', () => {
  const root = session(7, { state: 'idle in transaction' })
  const between = session(8, { ...BLOCKED, blocked_by: [7] })
  const all = [...SESSIONS, session(9, { ...BLOCKED, blocked_by: [8, 0] }), between, root]
  expect([...countBlocked(all)]).toEqual([
    [8, 1],
    [0, 1],
    [7, 2],
  ])
  expect(all.toSorted(byWeight(countBlocked(all)))[0]).toBe(root)
})

test('a root blocks all who wait behind it, a deadlock nobody twice', () => {
  const waits = (pid: number, ...blocked_by: number[]) => session(pid, { ...BLOCKED, blocked_by })
  const chain = [waits(4, 3), waits(5, 3, 4), waits(3, 2), waits(2, 1)]
  const pair = [waits(12, 11), waits(13, 11)]
  const all = [session(11), ...pair, session(1), ...chain]
  const counts = countBlocked(all)
  expect([1, 2, 3, 4, 11].map((pid) => counts.get(pid))).toEqual([4, 3, 2, 1, 2])
  expect(
    all
      .toSorted(byWeight(counts))
      .map((one) => one.pid)
      .slice(0, 2),
  ).toEqual([1, 11])
  expect([...countBlocked([waits(1, 2), waits(2, 1), waits(3, 1)])]).toEqual([
    [2, 2],
    [1, 2],
  ])
})

test('who blocks stands among the blocked, and is counted there', () => {
  const root = session(7, { state: 'idle in transaction' })
  const all = [...SESSIONS, root, session(8, { ...BLOCKED, blocked_by: [7] })]
  const filter = { text: '', state: 'blocked', wait: undefined } as const
  expect(filterSessions(all, filter).map((one) => one.pid)).toEqual([4, 7, 8])
  expect(countStates(all, filter).blocked).toBe(3)
})

test('a statement that is over lasts no longer', () => {
  const query_start = '2026-01-01T00:00:00Z'
  const start = (state: string | null) => statementStart(session(1, { state, query_start }))
  expect(['active', 'fastpath function call', null].map(start)).toEqual([query_start, query_start, query_start])
  expect(['idle', 'idle in transaction', 'idle in transaction (aborted)'].map(start)).toEqual([null, null, null])
})

test('a session that is active and blocked is counted as both', () => {
  const filter = { text: '', state: undefined, wait: undefined }
  expect(countStates(SESSIONS, filter)).toEqual({ active: 3, blocked: 1, 'in-transaction': 1, idle: 1, unknown: 1 })
})

test('waits are counted, the most frequent first, and can be filtered by', () => {
  const reads = { wait_event_type: 'Client', wait_event: 'ClientRead' }
  const all = [...SESSIONS, session(7, reads), session(8, reads)]
  expect(countWaits(all)).toEqual([
    { wait: 'Client: ClientRead', count: 2 },
    { wait: 'Lock: transactionid', count: 1 },
  ])
  const filter = { text: '', state: 'blocked', wait: 'Client: ClientRead' } as const
  expect(filterSessions(all, filter)).toEqual([])
  expect(filterSessions(all, filter, 'state').map((one) => one.pid)).toEqual([7, 8])
  expect(filterSessions(all, { text: '7', state: undefined, wait: undefined }).map((one) => one.pid)).toEqual([7])
})

test('what began a moment after it was read, by another clock, lasts for nothing and not for less', () => {
  const readAt = Date.parse('2026-01-01T00:00:00Z')
  expect(lasted('2026-01-01T00:00:01Z', readAt)).toBe(0)
  expect(lasted('2025-12-31T23:59:30Z', readAt)).toBe(30_000)
  expect(lasted(null, readAt)).toBeNull()
})

const waiter = (pid: number, ...blocked_by: number[]) => session(pid, { ...BLOCKED, blocked_by })
/** `1:2(3 4)`: 1, behind which two wait, and of them 3 also for 4. */
const drawn = (nodes: readonly BlockingNode[]): string =>
  nodes
    .map(({ pid, blocks, also, behind }) => {
      const what = `${pid}${blocks > 0 ? `:${blocks}` : ''}${also.length > 0 ? `+${also.join('+')}` : ''}`
      return behind.length > 0 ? `${what}(${drawn(behind)})` : what
    })
    .join(' ')

test('the root behind which most wait stands at the top, and below each who waits for it', () => {
  const all = [session(9), waiter(8, 9), session(1), waiter(2, 1), waiter(3, 2), waiter(4, 2), session(5)]
  expect(drawn(blockingTree(all))).toBe('1:3(2:2(3 4)) 9:1(8)')
  expect(blockingTree([session(1)])).toEqual([])
})

test('who waits for several stands once, as near to a root as can be, and tells of the others', () => {
  const queue = [session(1), waiter(2, 1), waiter(3, 1, 2), waiter(4, 1, 2, 3, 3)]
  expect(drawn(blockingTree(queue))).toBe('1:3(2:2 3:1+2 4+2+3)')
  expect(drawn(blockingTree([session(1), session(2), waiter(3, 2, 1), waiter(4, 2)]))).toBe('2:2(3+1 4) 1:1')
  const far = [session(1), waiter(2, 1), waiter(3, 2), session(9), waiter(4, 3, 9)]
  expect(drawn(blockingTree(far))).toBe('1:3(2:2(3:1)) 9:1(4+3)')
})

test('who wait for each other are drawn once, below them who waits behind, and then it ends', () => {
  const circle = [waiter(1, 2), waiter(2, 1), waiter(3, 1), waiter(4, 3)]
  expect(drawn(blockingTree(circle))).toBe('1:3+2(2:3 3:1(4))')
  expect(drawn(blockingTree([...circle, session(5), waiter(6, 5)]))).toBe('5:1(6) 1:3+2(2:3 3:1(4))')
})

test('a prepared transaction and one that is not shown are roots without a session', () => {
  const tree = blockingTree([waiter(1, 0), waiter(2, 77), waiter(3, 77)])
  expect(drawn(tree)).toBe('77:2(2 3) 0:1(1)')
  expect(tree.map((root) => root.session)).toEqual([undefined, undefined])
})

test('where there is no room for all, those nearest to a root are shown', () => {
  const tree = blockingTree([session(1), waiter(2, 1), waiter(3, 2), waiter(4, 3), session(8), waiter(9, 8)])
  const { shown, left } = nearest(tree, 3)
  expect([[...shown].map(({ pid }) => pid), left]).toEqual([[1, 8, 2], 3])
  expect(nearest(tree, 6).left).toBe(0)
})

test('of whom the role may only see by whom it is blocked is blocked', () => {
  const all = [session(1, { state: null }), session(2, { state: null, blocked_by: [1] })]
  expect(countStates(all, { text: '', state: undefined, wait: undefined }).blocked).toBe(2)
})

test('a relation of another database is told by its number', () => {
  const lock = { locktype: 'relation', mode: 'ShareLock', relation: null, relation_oid: null, waitstart: null }
  expect(lockText({ ...lock, relation: 'public.t', relation_oid: 7 }, 'shop')).toBe('relation · ShareLock · public.t')
  expect(lockText({ ...lock, relation_oid: 7 }, 'shop')).toBe('relation · ShareLock · shop oid 7')
  expect(lockText({ ...lock, locktype: 'advisory' }, 'shop')).toBe('advisory · ShareLock')
})
