import type { HostEvent, Plugin, Run } from '../../../src/api/types.ts'
import { ago, DAY, MINUTE, SECOND } from './base.ts'
import { setsOf } from './sets.ts'

const NO_RUNS = { collected: 0, not_applicable: 0, failed: 0 }

const COST = {
  cpu_us: 1_840,
  memory_peak_bytes: 2_400_000,
  queries: 3,
  rows: 24,
  bytes: 9_120,
  ssh_commands: 0,
  host_call_us: 14_300,
}

export function makeRuns(count = 40): Run[] {
  const run = (index: number, part: Partial<Run>): Run => ({
    id: `019ab000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    plugin: 'pg_stat_database',
    digest: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    server: 'billing-01',
    trigger: 'schedule',
    started_at: ago(index * 35 * SECOND + 8 * SECOND),
    duration_ms: 12 + (index % 40),
    outcome: 'collected',
    reason: null,
    detail: null,
    cost: COST,
    ticks_skipped: 0,
    absences: [],
    log: [],
    values: 216,
    ...part,
  })
  const special: Partial<Run>[] = [
    {},
    { plugin: 'filesystem', cost: { ...COST, ssh_commands: 2 }, values: 9 },
    {
      server: 'crm-01',
      outcome: 'failed',
      reason: 'unreachable',
      detail:
        'cannot connect to 10.20.2.12:5432: Connection refused (os error 111); check that PostgreSQL runs there and listens (listen_addresses, port), and the firewall',
      duration_ms: 2_004,
      values: 0,
      ticks_skipped: 1,
      log: [
        { at: ago(MINUTE), severity: 'warn', message: 'backing off for 60 s' },
        { at: ago(MINUTE + 20), severity: 'debug', message: 'select datname, numbackends from pg_stat_database' },
      ],
    },
    {
      plugin: 'database_size',
      values: 6,
      absences: [
        {
          set: 'pg_database_size',
          labels: ['keycloak'],
          reason: 'denied',
          detail: 'grant connect on database keycloak to pgvigil',
        },
      ],
    },
    {
      plugin: 'filesystem',
      server: 'dwh-01',
      outcome: 'not-applicable',
      detail: 'the server is registered without SSH access',
      values: 0,
    },
    {
      plugin: 'my_queries',
      server: 'orders-01',
      outcome: 'failed',
      reason: 'missing-privilege',
      detail: 'grant select on invoices to pgvigil',
      values: 0,
    },
    { plugin: 'maintenance', server: null, values: 4 },
  ]
  return Array.from({ length: count }, (_, index) => run(index, special[index % special.length] ?? {}))
}

const OPTIONS: NonNullable<Plugin['metadata']>['options'] = [
  {
    key: 'database_timeout_ms',
    kind: 'integer',
    help: 'How long the size of one database may take',
    default: '30000',
    required: false,
  },
  { key: 'approximate', kind: 'text', help: 'auto, never or always', default: 'auto', required: false },
  { key: 'exact', kind: 'boolean', help: 'Whether sizes are measured at all', default: 'true', required: false },
  {
    key: 'share',
    kind: 'number',
    help: 'Of the databases that are measured in one run',
    default: null,
    required: true,
  },
  { key: 'only', kind: 'structure', help: 'Names of databases; all where not given', default: null, required: false },
]

function metadata(
  name: string,
  summary: string,
  capabilities: ('postgres' | 'ssh' | 'state' | 'maintenance')[],
): NonNullable<Plugin['metadata']> {
  return {
    name,
    version: '0.1.0',
    summary,
    scope: 'per-server',
    default_interval_ms: 60_000,
    default_timeout_ms: 10_000,
    capabilities,
    ssh_commands: capabilities.includes('ssh') ? ['df -PkT'] : [],
    min_server_version: 90_600,
    options: name === 'database_size' ? OPTIONS : [],
    attrs: {},
    sets: setsOf(name).map(([set, { help, labels, metrics }]) => ({
      name: set,
      help,
      labels: [...labels],
      metrics: Object.entries(metrics).map(([metric, { kind, unit, help: meaning }]) => ({
        name: metric,
        full_name: `${set}_${metric}`,
        kind,
        unit,
        help: meaning,
      })),
    })),
  }
}

export function makePlugins(): Plugin[] {
  const last = { run_id: '019ab000', values: 216, last_success_at: ago(MINUTE), failing_since: null }
  const plugin = (
    name: string,
    summary: string,
    capabilities: Parameters<typeof metadata>[2],
    part: Partial<Plugin>,
  ): Plugin => ({
    name,
    probe: `builtin:${name}`,
    state: 'loaded',
    state_detail: null,
    metadata: metadata(name, summary, capabilities),
    digest: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    interval_ms: 60_000,
    timeout_ms: 10_000,
    servers: ['*'],
    grants: capabilities,
    earlier_digest: null,
    is_held_back: false,
    asks: capabilities,
    missing_grants: [],
    limits: {
      memory_bytes: 64 * 1024 ** 2,
      cpu_ms: 2_000,
      rows: 10_000,
      answer_bytes: 8 * 1024 ** 2,
      host_calls: 1_000,
      values: 50_000,
      series: 10_000,
      log_lines: 200,
      state_bytes: 64 * 1024,
    },
    config: {},
    on_servers: [
      {
        server: 'billing-01',
        state: 'waiting',
        due_in_ms: 40_000,
        running_for_ms: null,
        failures: 0,
        slowed_to_ms: null,
      },
      {
        server: 'crm-01',
        state: 'backed-off',
        due_in_ms: 120_000,
        running_for_ms: null,
        failures: 4,
        slowed_to_ms: null,
      },
      {
        server: 'dwh-01',
        state: 'waiting',
        due_in_ms: 12_000,
        running_for_ms: null,
        failures: 0,
        slowed_to_ms: 120_000,
      },
    ],
    loaded_at: ago(2 * DAY),
    runs: { collected: 1, not_applicable: 1, failed: 1 },
    last_runs: [
      {
        ...last,
        server: 'billing-01',
        started_at: ago(20 * SECOND),
        outcome: 'collected',
        reason: null,
        detail: null,
        duration_ms: 14,
      },
      {
        ...last,
        server: 'crm-01',
        started_at: ago(30 * SECOND),
        outcome: 'failed',
        reason: 'unreachable',
        detail: 'connection refused',
        duration_ms: 2_004,
      },
      {
        ...last,
        server: 'dwh-01',
        started_at: ago(30 * SECOND),
        outcome: 'not-applicable',
        reason: null,
        detail: 'no SSH',
        duration_ms: 1,
      },
    ],
    ...part,
  })
  return [
    plugin('pg_stat_database', 'Counters of each database, as pg_stat_database counts them', ['postgres'], {
      state: 'running',
      earlier_digest: 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90',
    }),
    plugin('pg_stat_activity', 'Who is connected and what they wait for, counted', ['postgres'], {
      is_held_back: true,
    }),
    plugin('database_size', 'Size of each database on disk', ['postgres'], {
      interval_ms: 1_800_000,
      config: { database_timeout_ms: '8000', approximate: 'auto', exact: 'true', only: '["app","reports"]' },
    }),
    plugin('filesystem', 'Space on the filesystems that hold the data', ['ssh', 'postgres'], {
      interval_ms: 300_000,
      state: 'degraded',
      asks: ['postgres', 'ssh df', 'ssh stat'],
      grants: ['postgres = "read"', 'ssh df -PkT *'],
      missing_grants: ['ssh = [["stat", "-f", "*"]]'],
    }),
    plugin('maintenance', 'Care of the host’s own store', ['maintenance'], {
      interval_ms: 86_400_000,
      runs: NO_RUNS,
      last_runs: [],
      on_servers: [
        { server: null, state: 'waiting', due_in_ms: 3_600_000, running_for_ms: null, failures: 0, slowed_to_ms: null },
      ],
    }),
    plugin('replica_lag', 'How far replicas are behind', ['postgres'], {
      probe: 'file:probes/replica_lag.wasm',
      state: 'quarantined',
      state_detail: 'it failed too often by its own fault, everywhere',
      runs: { collected: 0, not_applicable: 0, failed: 3 },
      on_servers: [
        {
          server: 'billing-01',
          state: 'quarantined',
          due_in_ms: null,
          running_for_ms: null,
          failures: 12,
          slowed_to_ms: null,
        },
        {
          server: 'orders-01',
          state: 'running',
          due_in_ms: null,
          running_for_ms: 700,
          failures: 1,
          slowed_to_ms: null,
        },
      ],
    }),
    plugin('my_queries', 'Own queries', ['postgres'], {
      probe: 'file:probes/my_queries.wasm',
      state: 'refused',
      state_detail: 'cannot load it: it was built for probe interface 2.0.0, this host offers 1.0.0',
      digest: null,
      loaded_at: null,
      runs: NO_RUNS,
      last_runs: [],
    }),
    plugin('old_probe', 'Switched off', ['postgres'], {
      state: 'disabled',
      state_detail: 'switched off by admin at 2026-01-31T14:05:09.123456Z',
      metadata: null,
      loaded_at: null,
      runs: NO_RUNS,
      last_runs: [],
      on_servers: [],
    }),
  ]
}

export function makeEvents(count = 25): HostEvent[] {
  const events: Omit<HostEvent, 'id' | 'at'>[] = [
    {
      kind: 'entity.gone',
      server: 'billing-01',
      subject: 'database:old_shop',
      detail: '',
    },
    { kind: 'entity.appeared', server: 'billing-01', subject: 'database:shop', detail: 'is back' },
    {
      kind: 'entity.recreated',
      server: 'orders-01',
      subject: 'database:app',
      detail: 'was 16384, is 24576',
    },
    { kind: 'entity.renamed', server: 'crm-01', subject: 'database:archive', detail: 'was `archive_2023`' },
    {
      kind: 'plugin.rolled-back',
      server: null,
      subject: 'plugin:pg_stat_activity',
      detail:
        'rolled back because its first runs failed where the version before worked (trapped: the probe trapped: integer divide by zero)',
    },
    {
      kind: 'plugins.reloaded',
      server: null,
      subject: 'plugins.toml',
      detail: 'pg_stat_database: 0.9.0 (a1b2c3d4) -> 1.0.0 (b94d27b9)',
    },
  ]
  return Array.from({ length: count }, (_, index) => {
    const event = events[index % events.length]
    if (event === undefined) throw new Error('the list of events is empty')
    return { id: count - index, at: ago(index * 97 * MINUTE + 12 * SECOND), ...event }
  })
}
