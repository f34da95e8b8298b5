import type { LiveQuery } from '../../../src/api/types.ts'
import { ago } from './base.ts'

const STATES = ['active', 'idle', 'idle', 'idle in transaction', 'idle']
const QUERIES = [
  'select o.id, o.total from orders o join customers c on c.id = o.customer_id where c.region = $1 order by o.created_at desc limit 50',
  'commit',
  'select 1',
  'update stock set amount = amount - $1 where sku = $2',
  null,
]

export const makeSessions = (): LiveQuery[] =>
  Array.from({ length: 24 }, (_, index) => ({
    pid: 4_200 + index,
    usename: index % 3 === 0 ? 'app' : 'reporting',
    datname: index % 2 === 0 ? 'app' : 'analytics',
    state: STATES[index % STATES.length] ?? null,
    query: QUERIES[index % QUERIES.length] ?? null,
    application_name: 'shop',
    client_addr: '10.1.2.3',
    wait_event_type: index === 5 ? 'Lock' : index % 5 === 3 ? 'Client' : null,
    wait_event: index === 5 ? 'transactionid' : index % 5 === 3 ? 'ClientRead' : null,
    backend_start: ago(5e7),
    xact_start: index % 5 === 3 ? ago(6e5) : null,
    query_start: ago(index * 4_000),
    blocked_by: index === 5 ? [4_203] : [],
    awaited_lock: null,
  }))
