import { monitorGrant, quoteRole, statFileGrant } from '../../lib/grants'

/** How the role comes by what monitoring reads. */
export type RoleKind = 'pg_monitor' | 'old'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * What a superuser of the server runs once, connected to `database`: the right to a function is of one. Before
 * PostgreSQL 10 there is no pg_monitor: sizes need CONNECT only.
 */
export function roleSql(role: string, password: string, kind: RoleKind, database: string): string {
  const create = `create role ${quoteRole(role)} login password ${literal(password)};`
  if (kind === 'pg_monitor') {
    const created = `-- In database ${quoteRole(database)}, for the times when databases were created; PostgreSQL 11 and later.`
    return `${create}\n${monitorGrant(role)}\n${created}\n${statFileGrant(role)}`
  }
  return `${create}\n-- PostgreSQL 9.6 has no pg_monitor; what this role may not read is shown as not collected.`
}

/** `db-1.example.org` is called `db-1` until somebody knows better. */
export function nameFromHost(host: string): string {
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':')
  const text = host.startsWith('/') ? 'local' : isAddress ? host : (host.split('.')[0] ?? host)
  return text.replace(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 64)
}
