import type { Messages } from '../i18n/en/en'
import type { ChartShape } from './model'

/** Which metrics a chart shows and how. Names are those that the probes declare. */
export interface ChartDefinition {
  id: string
  title: keyof Messages['charts'] & string
  help: keyof Messages['charts'] & string
  set: string
  metrics: readonly string[]
  shape: ChartShape
  /** The axis starts at zero unless small changes of a large value are what one looks for. */
  zero: boolean
}

const DATABASE_SET = 'pg_stat_database'
const SIZE_SET = 'pg_database_size'

const LOAD: readonly ChartDefinition[] = [
  {
    id: 'transactions',
    title: 'transactions',
    help: 'transactionsHelp',
    set: DATABASE_SET,
    metrics: ['xact_commit', 'xact_rollback'],
    shape: { kind: 'by-metric' },
    zero: true,
  },
  {
    id: 'cache',
    title: 'cacheHit',
    help: 'cacheHitHelp',
    set: DATABASE_SET,
    metrics: ['blks_hit', 'blks_read'],
    shape: { kind: 'ratio', part: 'blks_hit', rest: 'blks_read' },
    zero: false,
  },
  {
    id: 'tuples-read',
    title: 'tuplesRead',
    help: 'tuplesReadHelp',
    set: DATABASE_SET,
    metrics: ['tup_returned', 'tup_fetched'],
    shape: { kind: 'by-metric' },
    zero: true,
  },
  {
    id: 'tuples-written',
    title: 'tuplesWritten',
    help: 'tuplesWrittenHelp',
    set: DATABASE_SET,
    metrics: ['tup_inserted', 'tup_updated', 'tup_deleted'],
    shape: { kind: 'by-metric' },
    zero: true,
  },
  {
    id: 'temp',
    title: 'temp',
    help: 'tempHelp',
    set: DATABASE_SET,
    metrics: ['temp_bytes'],
    shape: { kind: 'by-metric' },
    zero: true,
  },
  {
    id: 'deadlocks',
    title: 'deadlocks',
    help: 'deadlocksHelp',
    set: DATABASE_SET,
    metrics: ['deadlocks', 'conflicts'],
    shape: { kind: 'by-metric' },
    zero: true,
  },
]

const connections = (shape: ChartShape): ChartDefinition => ({
  id: 'connections',
  title: 'connections',
  help: 'connectionsHelp',
  set: DATABASE_SET,
  metrics: ['numbackends'],
  shape,
  zero: true,
})

const size = (shape: ChartShape): ChartDefinition => ({
  id: 'size',
  title: 'size',
  help: 'sizeHelp',
  set: SIZE_SET,
  metrics: ['bytes'],
  shape,
  zero: false,
})

const BY_DATABASE: ChartShape = { kind: 'by-label', label: 'datname' }
const BY_METRIC: ChartShape = { kind: 'by-metric' }

export const SERVER_CHARTS: readonly ChartDefinition[] = [connections(BY_DATABASE), size(BY_DATABASE), ...LOAD]
export const DATABASE_CHARTS: readonly ChartDefinition[] = [connections(BY_METRIC), size(BY_METRIC), ...LOAD]
