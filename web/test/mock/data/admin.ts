import type { AuditEvent, LogEntry, OwnSession, SshKey } from '../../../src/api/types.ts'
import { ago, DAY, HOUR, MINUTE, SECOND } from './base.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0'
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'

export function makeKeys(): SshKey[] {
  const key = (index: number, name: string, more: Partial<SshKey> = {}): SshKey => ({
    id: `019ab000-0000-7000-9000-${String(index).padStart(12, '0')}`,
    name,
    fingerprint: `SHA256:${'nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8'.slice(index)}${'abcdefg'.slice(0, index)}`,
    key_type: 'ed25519',
    created_at: ago((40 + 30 * index) * DAY),
    created_by: index % 2 === 0 ? 'admin' : 'operator',
    public_key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnA${index} pgmon@activity-monitor`,
    has_passphrase: false,
    servers_count: 0,
    description: null,
    ...more,
  })
  return [
    key(0, 'disks', { description: 'Reads df on all production servers', servers_count: 2 }),
    key(1, 'staging', { key_type: 'rsa', has_passphrase: true }),
    key(2, 'old-laptop', { description: 'To be removed' }),
  ]
}

export function makeAudit(): AuditEvent[] {
  const kinds: Partial<AuditEvent>[] = [
    { event_type: 'login_success' },
    { event_type: 'refresh' },
    { event_type: 'server_update', details: 'billing-01: host 10.20.0.9 -> 10.20.0.10, tags' },
    { event_type: 'login_failed', username: 'root', ip_address: '203.0.113.7', user_agent: 'curl/8.5.0' },
    { event_type: 'access_denied', username: 'viewer', details: 'DELETE /api/servers/crm-01' },
    { event_type: 'user_create', details: 'ivanova (operator)' },
    { event_type: 'ssh_key_create', details: 'disks (generated, ed25519, SHA256:nThbg6kXUpJ)' },
    { event_type: 'settings_update', details: 'collect_interval 600 -> 60' },
    { event_type: 'logout', user_agent: CHROME },
    { event_type: 'server_create', username: 'operator', details: 'stock-01 (10.20.11.21:5432)' },
  ]
  return Array.from({ length: 230 }, (_, index) => ({
    timestamp: ago(index * 23 * MINUTE + 40 * SECOND),
    event_type: 'login_success',
    username: 'admin',
    ip_address: '10.1.2.3',
    user_agent: FIREFOX,
    jti: `019ab0c4-7000-8000-9000-${String(index).padStart(12, '0')}`,
    details: null,
    ...kinds[index % kinds.length],
  }))
}

export function makeLogs(): LogEntry[] {
  const entries: Omit<LogEntry, 'timestamp'>[] = [
    { level: 'info', source: 'collector_stats', message: 'Сбор статистики: 1 ошибок из 12 серверов', details: null },
    {
      level: 'warning',
      source: 'collector_stats',
      message: 'Plugin `replica_lag` is quarantined on `crm-01`: it failed too often by its own fault',
      details: 'trapped: the probe trapped: integer divide by zero',
    },
    {
      level: 'error',
      source: 'collector_pg_stat_activity',
      message: 'Плагин pg_stat_activity: 1 ошибок из 1 серверов',
      details: 'crm-01: connection refused',
    },
    { level: 'info', source: 'collector_sizes', message: 'Обновление размеров: 11 серверов ОК', details: null },
    { level: 'info', source: 'maintenance', message: 'Обслуживание завершено. Логов очищено: 1204', details: null },
    {
      level: 'error',
      source: 'system',
      message: 'the store was away for 12 s',
      details: 'pool timed out while waiting for an open connection; 3 reports waited, none was lost',
    },
  ]
  return Array.from({ length: 140 }, (_, index) => ({
    timestamp: ago(index * 11 * MINUTE + 8 * SECOND),
    ...(entries[index % entries.length] ?? { level: 'info', source: 'system', message: '', details: null }),
  }))
}

export const makeOwnSessions = (): OwnSession[] => [
  {
    id: '019ab0c4-0000-7000-8000-000000000001',
    current: true,
    signed_in_at: ago(3 * HOUR),
    renewed_at: ago(4 * MINUTE),
    expires_at: ago(-7 * DAY),
    ip_address: '10.1.2.3',
    user_agent: FIREFOX,
  },
  {
    id: '019ab0c4-0000-7000-8000-000000000002',
    current: false,
    signed_in_at: ago(5 * DAY),
    renewed_at: ago(2 * DAY),
    expires_at: ago(-5 * DAY),
    ip_address: '10.1.9.40',
    user_agent: CHROME,
  },
]
