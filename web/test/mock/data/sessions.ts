import type { AwaitedLock, LiveQuery } from '../../../src/api/types.ts'
import { ago } from './base.ts'

const STATES = ['active', 'idle', 'idle', 'idle in transaction', 'idle']
const QUERIES = [
  'select o.id, o.total from orders o join customers c on c.id = o.customer_id where c.region = $1 order by o.created_at desc limit 50',
  'commit',
  'select 1',
  'update stock set amount = amount - $1 where sku = $2',
  null,
]

/** By index: whom they wait for, and with what. */
const waits = (): Record<number, { blocked_by: number[]; awaited_lock: AwaitedLock }> => ({
  5: {
    blocked_by: [4_203],
    awaited_lock: lock('transactionid', 'ShareLock', { relation: 'public.stock', relation_oid: 16_402 }),
  },
  10: {
    blocked_by: [4_205],
    awaited_lock: lock('tuple', 'ExclusiveLock', { relation: 'public.stock', relation_oid: 16_402 }),
  },
  15: { blocked_by: [0], awaited_lock: lock('relation', 'AccessShareLock', { relation_oid: 24_601 }) },
  // Since when is not told before PostgreSQL 14.
  20: { blocked_by: [4_203, 4_205], awaited_lock: { ...lock('transactionid', 'ShareLock', {}), waitstart: null } },
})

function lock(locktype: string, mode: string, of: Partial<AwaitedLock>): AwaitedLock {
  return { locktype, mode, relation: null, relation_oid: null, waitstart: ago(15e3), ...of }
}

export function makeSessions(): LiveQuery[] {
  const waiting = waits()
  return Array.from({ length: 24 }, (_, index) => ({
    pid: 4_200 + index,
    usename: index % 3 === 0 ? 'app' : 'reporting',
    datname: index % 2 === 0 ? 'app' : 'analytics',
    state: STATES[index % STATES.length] ?? null,
    query: QUERIES[index % QUERIES.length] ?? null,
    application_name: 'shop',
    client_addr: '10.1.2.3',
    wait_event_type: index in waiting ? 'Lock' : index % 5 === 3 ? 'Client' : null,
    wait_event: waiting[index]?.awaited_lock.locktype ?? (index % 5 === 3 ? 'ClientRead' : null),
    backend_start: ago(5e7),
    xact_start: index % 5 === 3 ? ago(6e5) : null,
    query_start: ago(index * 4_000),
    blocked_by: waiting[index]?.blocked_by ?? [],
    awaited_lock: waiting[index]?.awaited_lock ?? null,
  }))
}
