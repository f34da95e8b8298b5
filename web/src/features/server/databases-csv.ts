import type { DatabaseStatus } from '../../api/types'
import type { Messages } from '../../i18n/en/en'
import { csvText } from '../../lib/csv'

/** Numbers as they are and times as ISO 8601: a table for machines, with headers for people. */
export function databasesCsv(databases: readonly DatabaseStatus[], names: Messages['databases']['columns']): string {
  const header = [
    names.name,
    `${names.size}, bytes`,
    names.connections,
    `${names.tps}, 1/s`,
    names.owner,
    names.created,
    names.lastSeen,
    names.exists,
  ]
  return csvText(
    header,
    databases.map((one) => [
      one.name,
      one.size_bytes,
      one.connections,
      one.commits_per_second,
      one.owner,
      one.creation_time,
      one.last_seen,
      one.exists ? 'yes' : 'no',
    ]),
  )
}
