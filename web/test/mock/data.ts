import type {
  DatabaseStatus,
  FilesystemStatus,
  HostEvent,
  Plugin,
  Run,
  SeriesResponse,
  ServerStatus,
  SettingsMap,
} from '../../src/api/types.ts'

/** Answers of the mock backend: made up, but always the same, so that screenshots can be compared. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const GB = 1024 ** 3

export const ago = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString()

/** From 0 to 1, the same for the same seed. */
export function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898 + 78.233) * 43_758.5453
  return x - Math.floor(x)
}

const NAMES = [
  'billing',
  'catalog',
  'crm',
  'dwh',
  'geo',
  'identity',
  'logistics',
  'mail',
  'orders',
  'payments',
  'search',
  'stock',
]
const VERSIONS = [
  '18.1 (Debian 18.1-1.pgdg13+1)',
  '17.6',
  '16.10',
  '15.14',
  '14.19 (Ubuntu 14.19-0ubuntu0.22.04.1)',
  '13.22',
  '12.22',
  '9.6.24',
]

function baseServer(index: number): ServerStatus {
  const base = NAMES[index % NAMES.length] ?? 'server'
  const name =
    index < NAMES.length ? `${base}-01` : `${base}-${String(Math.floor(index / NAMES.length) + 1).padStart(2, '0')}`
  const total = Math.round(200 + 1_800 * noise(index + 2)) * GB
  return {
    id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    name,
    host: `10.20.${index % 250}.${10 + (index % 200)}`,
    port: 5432,
    user: 'pgvigil',
    database: 'postgres',
    sslmode: 'require',
    sslrootcert: null,
    ssh_host: null,
    ssh_user: index % 3 === 2 ? '' : 'monitor',
    ssh_port: 22,
    has_password: true,
    has_ssh_password: index % 3 !== 2,
    ssh_auth_type: 'password',
    ssh_key_id: null,
    version: VERSIONS[index % VERSIONS.length] ?? '18.1',
    free_space: index % 3 === 2 ? null : Math.round(total * (0.06 + 0.8 * noise(index + 3))),
    total_space: index % 3 === 2 ? null : total,
    connections: {
      active: Math.round(1 + 20 * noise(index)),
      idle: Math.round(5 + 90 * noise(index + 1)),
      'idle in transaction': index % 3,
    },
    uptime_hours: Math.round(3_000 * noise(index + 5)) + 0.25,
    status: 'ok',
    data_dir: '/var/lib/postgresql/18/main',
    tags: index % 2 === 0 ? ['production', base] : ['staging'],
    tls: true,
    in_recovery: index % 5 === 3,
    superuser: false,
    state: 'ok',
    reason: null,
    detail: null,
    state_since: ago(3 * DAY),
    checked_at: ago(20 * SECOND),
    databases_count: 3 + (index % 9),
    size_bytes: Math.round(total * 0.4 * noise(index + 7)),
    transactions_per_second: Math.round(4_000 * noise(index + 11)) / 10,
    created_at: ago(200 * DAY),
    updated_at: ago(100 * DAY),
  }
}

const UNREACHABLE: Partial<ServerStatus> = {
  state: 'unreachable',
  status: 'PostgreSQL: host unreachable',
  reason: 'unreachable',
  detail:
    'connection refused by 10.20.2.12:5432; check that PostgreSQL listens there and that pg_hba.conf and firewalls let us through',
  state_since: ago(47 * MINUTE),
  checked_at: ago(48 * MINUTE),
}

const WARNING: Partial<ServerStatus> = {
  state: 'warning',
  status: 'ok (SSH: authentication failed)',
  reason: 'ssh-failed',
  detail: 'SSH: authentication failed for monitor@10.20.6.16',
  state_since: ago(5 * HOUR),
  superuser: true,
  tls: false,
}

const PENDING: Partial<ServerStatus> = {
  state: 'pending',
  status: 'added (connection pending)',
  version: null,
  connections: null,
  uptime_hours: null,
  free_space: null,
  total_space: null,
  size_bytes: null,
  databases_count: null,
  transactions_per_second: null,
  in_recovery: null,
  tls: null,
  superuser: null,
  checked_at: null,
  state_since: null,
  data_dir: null,
}

export function makeServers(count: number): ServerStatus[] {
  const servers = Array.from({ length: count }, (_, index) => ({
    ...baseServer(index),
    ...(index % 12 === 2 ? UNREACHABLE : index % 12 === 6 ? WARNING : index % 12 === 11 ? PENDING : {}),
  }))
  return servers.toSorted((a, b) => a.name.localeCompare(b.name))
}

const DATABASES = ['app', 'analytics', 'archive_2024', 'keycloak', 'postgres', 'reports', 'имя с пробелом/1 %']

export function makeDatabases(): DatabaseStatus[] {
  const known = DATABASES.map((name, index): DatabaseStatus => {
    const denied = name === 'keycloak'
    const pending = name === 'reports'
    return {
      name,
      oid: String(16_384 + index),
      owner: index % 2 === 0 ? 'app_owner' : 'postgres',
      encoding: 'UTF8',
      allow_connections: true,
      exists: true,
      first_seen: ago(180 * DAY),
      last_seen: ago(4 * MINUTE),
      gone_at: null,
      creation_time: index % 3 === 2 ? null : ago((30 + 100 * index) * DAY),
      connections: index === 2 ? 0 : Math.round(40 * noise(index + 4)),
      size_bytes: denied || pending ? null : Math.round(GB * 180 * noise(index) ** 3) + 8_000_000,
      size_at: denied || pending ? null : ago(22 * MINUTE),
      size_absence: denied
        ? {
            reason: 'denied',
            detail: 'no CONNECT on this database and no pg_read_all_stats; run: GRANT pg_monitor TO pgvigil;',
          }
        : null,
      commits_per_second: index === 2 ? 0 : index === 3 ? 0.002 : Math.round(2_000 * noise(index + 9)) / 10,
      last_sample_at: ago(40 * SECOND),
    }
  })
  const gone: DatabaseStatus = {
    name: 'old_shop',
    oid: '16500',
    owner: 'app_owner',
    encoding: 'UTF8',
    allow_connections: true,
    exists: false,
    first_seen: ago(190 * DAY),
    last_seen: ago(12 * DAY),
    gone_at: ago(12 * DAY),
    creation_time: ago(400 * DAY),
    connections: null,
    size_bytes: 3 * GB,
    size_at: ago(12 * DAY),
    size_absence: null,
    commits_per_second: null,
    last_sample_at: ago(12 * DAY),
  }
  return [...known, gone]
}

export function makeFilesystems(): FilesystemStatus[] {
  const filesystem = (
    purpose: string,
    name: string,
    mountpoint: string,
    device: string,
    size: number,
    used: number,
  ): FilesystemStatus => ({
    purpose,
    name,
    path: `${mountpoint}/pgdata`,
    device,
    mountpoint,
    fstype: 'ext4',
    size_bytes: size * GB,
    used_bytes: Math.round(size * used * GB),
    avail_bytes: Math.round(size * (1 - used) * GB),
    at: ago(2 * MINUTE),
  })
  return [
    filesystem('data', '', '/var/lib/postgresql', '/dev/nvme0n1p2', 500, 0.62),
    filesystem('wal', '', '/pg_wal', '/dev/nvme1n1', 100, 0.31),
    filesystem('tablespace', 'cold', '/mnt/cold', '/dev/sdb1', 4_000, 0.91),
  ]
}

const METRICS: Record<string, { kind: 'gauge' | 'counter'; unit: string; base: number }> = {
  numbackends: { kind: 'gauge', unit: '', base: 30 },
  bytes: { kind: 'gauge', unit: 'bytes', base: 40 * GB },
  xact_commit: { kind: 'counter', unit: '', base: 120 },
  xact_rollback: { kind: 'counter', unit: '', base: 2 },
  blks_hit: { kind: 'counter', unit: '', base: 90_000 },
  blks_read: { kind: 'counter', unit: '', base: 900 },
  tup_returned: { kind: 'counter', unit: '', base: 800_000 },
  tup_fetched: { kind: 'counter', unit: '', base: 120_000 },
  tup_inserted: { kind: 'counter', unit: '', base: 500 },
  tup_updated: { kind: 'counter', unit: '', base: 900 },
  tup_deleted: { kind: 'counter', unit: '', base: 60 },
  temp_bytes: { kind: 'counter', unit: 'bytes', base: 3_000_000 },
  deadlocks: { kind: 'counter', unit: '', base: 0.0004 },
  conflicts: { kind: 'counter', unit: '', base: 0 },
}

const RELATIVE: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY }

export function parseTime(text: string | null, fallback: number): number {
  if (text === null || text === 'now') return text === null ? fallback : Date.now()
  const relative = /^now-(\d+)([mhd])$/.exec(text)
  if (relative) return Date.now() - Number(relative[1]) * (RELATIVE[relative[2] ?? ''] ?? 0)
  const at = Date.parse(text)
  return Number.isNaN(at) ? fallback : at
}

function resolutionFor(seconds: number): { resolution: SeriesResponse['resolution']; step: number } {
  if (seconds <= 2 * 86_400) return { resolution: 'raw', step: seconds > 86_400 / 2 ? 300 : 60 }
  if (seconds <= 14 * 86_400) return { resolution: 'hour', step: 3_600 }
  if (seconds <= 90 * 86_400) return { resolution: '4hour', step: 4 * 3_600 }
  return { resolution: 'day', step: 86_400 }
}

export function makeSeries(query: URLSearchParams): SeriesResponse {
  const from = parseTime(query.get('from'), Date.now() - DAY) / SECOND
  const to = parseTime(query.get('to'), Date.now()) / SECOND
  const { resolution, step } = resolutionFor(to - from)
  const names = (query.get('metrics') ?? '').split(',').filter((name) => name in METRICS)
  const label = query.get('labels')?.replace(/^datname:/, '')
  const databases = label === undefined ? ['', ...DATABASES] : [label]
  const first = Math.ceil(from / step) * step
  const timestamps = Array.from(
    { length: Math.max(0, Math.floor((to - first) / step) + 1) },
    (_, index) => first + index * step,
  )
  const set = query.get('set') ?? ''
  return {
    server: query.get('server') ?? '',
    set,
    resolution,
    from: new Date(from * SECOND).toISOString(),
    to: new Date(to * SECOND).toISOString(),
    interval_seconds: step,
    metrics: names.map((name) => ({
      name,
      full_name: `${set}_${name}`,
      kind: METRICS[name]?.kind ?? 'gauge',
      unit: METRICS[name]?.unit ?? '',
      help: name,
    })),
    timestamps,
    series_left_out: 0,
    series: names.flatMap((metric) =>
      databases.map((datname, database) => ({
        metric,
        labels: { datname },
        values: timestamps.map((at, index) => valueAt(metric, database, at, index / timestamps.length)),
      })),
    ),
  }
}

function valueAt(metric: string, database: number, at: number, position: number): number | null {
  // A gap, as an outage leaves it.
  if (position > 0.42 && position < 0.46) return null
  const base = METRICS[metric]?.base ?? 1
  const share = [0.02, 1, 0.7, 0.05, 0.3, 0.15, 0.4, 0.2][database] ?? 0.1
  if (metric === 'bytes') return Math.round(base * share * (1 + 0.15 * position))
  const daily = 1 + 0.6 * Math.sin(((at % 86_400) / 86_400) * 2 * Math.PI - 2)
  const value = base * share * daily * (0.85 + 0.3 * noise(at / 60 + database * 7 + metric.length))
  return metric === 'numbackends' ? Math.round(value) : value
}

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

export function makeRuns(): Run[] {
  const run = (index: number, part: Partial<Run>): Run => ({
    id: `019ab000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    plugin: 'pg_stat_database',
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
      detail: 'connection refused by 10.20.2.12:5432',
      duration_ms: 2_004,
      values: 0,
      ticks_skipped: 1,
      log: [{ at: ago(MINUTE), severity: 'warn', message: 'backing off for 60 s' }],
    },
    {
      plugin: 'database_size',
      values: 6,
      absences: [
        {
          set: 'pg_database_size',
          labels: ['keycloak'],
          reason: 'denied',
          detail: 'run: GRANT pg_monitor TO pgvigil;',
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
      detail: 'permission denied for table invoices; run: GRANT SELECT ON invoices TO pgvigil;',
      values: 0,
    },
    { plugin: 'maintenance', server: null, values: 4 },
  ]
  return Array.from({ length: 40 }, (_, index) => run(index, special[index % special.length] ?? {}))
}

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
    options: [],
    attrs: {},
    sets: [
      {
        name,
        help: summary,
        labels: ['datname'],
        metrics: Object.entries(METRICS).map(([metric, { kind, unit }]) => ({
          name: metric,
          full_name: `${name}_${metric}`,
          kind,
          unit,
          help: `What ${metric} counts`,
        })),
      },
    ],
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
    memory_limit_bytes: 64 * 1024 ** 2,
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
    plugin('pg_stat_database', 'Counters of each database, as pg_stat_database counts them', ['postgres'], {}),
    plugin('database_size', 'Size of each database on disk', ['postgres'], { interval_ms: 1_800_000 }),
    plugin('filesystem', 'Space on the filesystems that hold the data', ['ssh', 'postgres'], { interval_ms: 300_000 }),
    plugin('maintenance', 'Care of the host’s own store', ['maintenance'], {
      interval_ms: 86_400_000,
      runs: NO_RUNS,
      last_runs: [],
    }),
    plugin('my_queries', 'Own queries', ['postgres'], {
      probe: 'file:probes/my_queries.wasm',
      state: 'refused',
      state_detail:
        'the probe was built for interface pgvigil:probe@2.0.0, this host speaks 1.0.0; rebuild it with the SDK of this host',
      metadata: null,
      digest: null,
      loaded_at: null,
      runs: NO_RUNS,
      last_runs: [],
    }),
    plugin('old_probe', 'Switched off', ['postgres'], {
      state: 'disabled',
      loaded_at: null,
      runs: NO_RUNS,
      last_runs: [],
    }),
  ]
}

export function makeEvents(): HostEvent[] {
  const events: Omit<HostEvent, 'at'>[] = [
    {
      kind: 'entity.gone',
      server: 'billing-01',
      subject: 'database:old_shop',
      detail: 'the database is not on the server any more',
    },
    { kind: 'entity.appeared', server: 'billing-01', subject: 'database:shop', detail: 'owner app_owner' },
    {
      kind: 'entity.recreated',
      server: 'orders-01',
      subject: 'database:app',
      detail: 'oid 16384 became 24576; its counters began anew',
    },
    { kind: 'entity.renamed', server: 'crm-01', subject: 'database:archive', detail: 'was called archive_2023' },
    {
      kind: 'entity.gone',
      server: null,
      subject: 'database:tmp',
      detail: 'the database is not on the server any more',
    },
  ]
  return Array.from({ length: 25 }, (_, index) => {
    const event = events[index % events.length]
    if (event === undefined) throw new Error('the list of events is empty')
    return { at: ago(index * 7 * MINUTE + 12 * SECOND), ...event }
  })
}

export function makeSettings(): SettingsMap {
  const item = (key: string, value: number, min: number, max: number, unit: string) => ({
    key,
    value: String(value),
    value_type: 'int',
    description: key,
    updated_at: ago(30 * DAY),
    default: value,
    min,
    max,
    unit,
  })
  return {
    collect_interval: item('collect_interval', 60, 60, 86_400, 'seconds'),
    size_update_interval: item('size_update_interval', 1_800, 300, 86_400, 'seconds'),
    db_check_interval: item('db_check_interval', 300, 300, 86_400, 'seconds'),
    retention_months: item('retention_months', 12, 1, 120, 'months'),
    audit_retention_days: item('audit_retention_days', 90, 7, 3_650, 'days'),
    logs_retention_days: item('logs_retention_days', 30, 7, 3_650, 'days'),
  }
}
