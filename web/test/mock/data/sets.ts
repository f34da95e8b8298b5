import type { DeclaredSet } from '../../../src/api/types.ts'
import { GB } from './base.ts'
import { DATABASES } from './databases.ts'

export interface MockMetric {
  kind: 'gauge' | 'counter' | 'info'
  unit: string
  base: number
  help: string
}

export interface MockSet {
  plugin: string
  help: string
  /** Names of labels, and all combinations of their values that exist. */
  labels: readonly string[]
  streams: readonly (readonly string[])[]
  metrics: Record<string, MockMetric>
}

const counter = (base: number, help: string, unit = ''): MockMetric => ({ kind: 'counter', unit, base, help })
const gauge = (base: number, help: string, unit = ''): MockMetric => ({ kind: 'gauge', unit, base, help })

const BY_DATABASE = ['', ...DATABASES].map((name) => [name])

/** What the probes of the mock fleet declare. */
export const SETS: Record<string, MockSet> = {
  pg_stat_database: {
    plugin: 'pg_stat_database',
    help: 'Counters of each database, as pg_stat_database counts them',
    labels: ['datname'],
    streams: BY_DATABASE,
    metrics: {
      numbackends: gauge(30, 'Backends connected'),
      xact_commit: counter(120, 'Transactions committed'),
      xact_rollback: counter(2, 'Transactions rolled back'),
      blks_hit: counter(90_000, 'Blocks found in the buffer cache'),
      blks_read: counter(900, 'Blocks read'),
      tup_returned: counter(800_000, 'Rows returned by scans'),
      tup_fetched: counter(120_000, 'Rows fetched by index'),
      tup_inserted: counter(500, 'Rows inserted'),
      tup_updated: counter(900, 'Rows updated'),
      tup_deleted: counter(60, 'Rows deleted'),
      temp_bytes: counter(3_000_000, 'Bytes written to temporary files', 'bytes'),
      deadlocks: counter(0.0004, 'Deadlocks'),
      conflicts: counter(0, 'Queries cancelled by recovery'),
    },
  },
  pg_database_size: {
    plugin: 'database_size',
    help: 'Disk space used by each database',
    labels: ['datname'],
    streams: DATABASES.map((name) => [name]),
    metrics: {
      bytes: gauge(40 * GB, 'Size of the database', 'bytes'),
      approximate: gauge(0, '1 if it is an estimate'),
    },
  },
  pg_connections: {
    plugin: 'pg_stat_activity',
    help: 'Client connections against their limit',
    labels: [],
    streams: [[]],
    metrics: { used: gauge(60, 'Client backends'), max: gauge(100, 'max_connections') },
  },
  pg_stat_activity: {
    plugin: 'pg_stat_activity',
    help: 'Backends by state',
    labels: ['state'],
    streams: ['active', 'idle', 'idle in transaction', 'none'].map((state) => [state]),
    metrics: { count: gauge(12, 'Backends in this state') },
  },
  shop_orders: {
    plugin: 'my_queries',
    help: 'Orders of the shop, by region and state of payment',
    labels: ['region', 'payment'],
    streams: ['north', 'south', 'east', 'west', 'far-east', 'island', 'abroad', 'unknown'].flatMap((region) =>
      ['paid', 'open', 'failed'].map((payment) => [region, payment]),
    ),
    metrics: {
      count: counter(4, 'Orders'),
      value_ratio: gauge(0.4, 'Share of the value that is paid', 'ratio'),
      age: gauge(1_800, 'Age of the oldest open order', 'seconds'),
    },
  },
}

export const setsOf = (plugin: string) => Object.entries(SETS).filter(([, set]) => set.plugin === plugin)

/** As the host lists what is declared; of one set only history is left. */
export const makeMetricSets = (): DeclaredSet[] =>
  Object.entries({ ...SETS, ...GONE })
    .map(([name, { plugin, help, labels, metrics }]) => ({
      name,
      help,
      labels: [...labels],
      interval_ms: plugin === '' ? null : 60_000,
      plugins: plugin === '' ? [] : [plugin],
      texts: name === 'shop_orders' ? RUSSIAN : NONE,
      metrics: Object.entries(metrics).map(([metric, { kind, unit, help: about }]) => ({
        name: metric,
        full_name: `${name}_${metric}`,
        kind,
        unit,
        help: about,
      })),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name))

const GONE: Record<string, MockSet> = {
  old_queue: {
    plugin: '',
    help: 'Length of a queue',
    labels: [],
    streams: [],
    metrics: { length: gauge(1, 'Waiting') },
  },
}

const RUSSIAN = { help_ru: 'Заказы магазина', 'help_ru.count': 'Заказы' }
const NONE: Record<string, string> = {}
