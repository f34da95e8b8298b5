/** Quoted always, as a name may be a word of SQL: `order`, `user`. */
export const quoteRole = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What lets the role see what others do. */
export const monitorGrant = (role: string): string => `grant pg_monitor to ${quoteRole(role)};`

/** The statements in a text that give what is missing: from `GRANT` to the semicolon, or to the end of the line. */
export function grantsIn(text: string): string[] {
  return [...text.matchAll(/\bgrant\s[^;\n`]+;?/gi)].map((match) => {
    const statement = match[0].trim()
    return statement.endsWith(';') ? statement : `${statement};`
  })
}
