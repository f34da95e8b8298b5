import type { DatabaseStatus, FilesystemStatus } from '../../../src/api/types.ts'
import { ago, DAY, GB, MINUTE, noise, SECOND } from './base.ts'

export const DATABASES = ['app', 'analytics', 'archive_2024', 'keycloak', 'postgres', 'reports', 'имя с пробелом/1 %']

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
            detail: 'grant connect on database keycloak to pgvigil',
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
