/** Quoted always, as a name may be a word of SQL: `order`, `user`. */
export const quoteRole = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What lets the role see what others do. */
export const monitorGrant = (role: string): string => `grant pg_monitor to ${quoteRole(role)};`

/** What lets the role see the ages of files, and so of databases. It reads none of them. */
export const statFileGrant = (role: string): string =>
  `grant execute on function pg_catalog.pg_stat_file(text, boolean) to ${quoteRole(role)};`

/** As it is or quoted, or `<the role to see>` where that is for the reader to fill in. */
const NAME = '(?:[\\w$]+|"(?:[^"]|"")+"|<[^<>]+>)'

/**
 * Where the host and the probes tell of a GRANT that is missing. All else is what a server says, which may be anything,
 * and nobody shall be told to run it.
 */
const MISSING = [
  // What a probe misses is the statement, and at most an explanation in brackets.
  `^(grant [^;\n\`]+ to ${NAME})(?: \\([^()]*\\))?$`,
  `^the role sees little of other roles' work: (grant pg_monitor to ${NAME})$`,
  ` refused the connection: .*; (grant connect on database ${NAME} to ${NAME})$`,
].map((pattern) => new RegExp(pattern, 's'))

/** The statement that gives what is missing, of a text of the host that names one. */
export function grantsIn(text: string): string[] {
  const statement = MISSING.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined)
  return statement === undefined ? [] : [`${statement};`]
}
