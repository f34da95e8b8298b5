import type { ServerStatus } from '../../../src/api/types.ts'
import { ago, DAY, GB, HOUR, MINUTE, noise, SECOND } from './base.ts'

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

/** Nothing answers at this address. */
export const AWAY = '10.0.0.1'

function baseServer(index: number): ServerStatus {
  const base = NAMES[index % NAMES.length] ?? 'server'
  const name =
    index < NAMES.length ? `${base}-01` : `${base}-${String(Math.floor(index / NAMES.length) + 1).padStart(2, '0')}`
  const total = Math.round(200 + 1_800 * noise(index + 2)) * GB
  const connections = {
    active: Math.round(1 + 20 * noise(index)),
    idle: Math.round(5 + 90 * noise(index + 1)),
    'idle in transaction': index % 3,
  }
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
    has_ssh_key_passphrase: false,
    ssh_auth_type: 'password',
    ssh_key_id: null,
    version: VERSIONS[index % VERSIONS.length] ?? '18.1',
    free_space: index % 3 === 2 ? null : Math.round(total * (0.06 + 0.8 * noise(index + 3))),
    total_space: index % 3 === 2 ? null : total,
    connections,
    connections_used: 1 + Object.values(connections).reduce((sum, count) => sum + count),
    uptime_hours: Math.round(3_000 * noise(index + 5)) + 0.25,
    status: 'ok',
    not_collected: [],
    outdated: [],
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
    'cannot connect to 10.20.2.12:5432: Connection refused (os error 111); check that PostgreSQL runs there and listens (listen_addresses, port), and the firewall',
  state_since: ago(47 * MINUTE),
  checked_at: ago(48 * MINUTE),
}

const WARNING: Partial<ServerStatus> = {
  state: 'warning',
  status: 'ok (SSH: authentication failed)',
  reason: 'ssh-failed',
  detail:
    'plugin `filesystem`: 10.20.6.16:22 refused the password of `monitor` (it accepts: publickey); check user and the password',
  state_since: ago(5 * HOUR),
  superuser: true,
  tls: false,
}

/** The role may not read everything: it answers, and that is not all. */
const WEAK: Partial<ServerStatus> = {
  not_collected: [
    {
      plugin: 'database_size',
      sets: ['pg_database_size'],
      reason: 'denied',
      detail: 'grant connect on database keycloak to pgvigil',
      places: 1,
    },
    {
      plugin: 'pg_stat_activity',
      sets: ['pg_stat_activity_wait', 'pg_activity_age'],
      reason: 'denied',
      detail: 'grant pg_monitor to pgvigil',
      places: 2,
    },
  ],
  outdated: [{ set: 'filesystem', since: ago(2 * DAY) }],
}

const PENDING: Partial<ServerStatus> = {
  state: 'pending',
  status: 'added (connection pending)',
  version: null,
  connections: null,
  connections_used: null,
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
    ...(index % 12 === 2
      ? UNREACHABLE
      : index % 12 === 6
        ? WARNING
        : index % 12 === 11
          ? PENDING
          : index % 12 === 0
            ? WEAK
            : {}),
  }))
  return servers.toSorted((a, b) => a.name.localeCompare(b.name))
}
