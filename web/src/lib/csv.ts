export type Cell = string | number | null | undefined

/** Spreadsheets run what begins like this as a formula, whoever wrote it: a database may be called `=cmd|...`. */
const FORMULA = /^[=+\-@\t\r]/

/** An unknown value is an empty cell, not a zero. */
function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  const safe = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** RFC 4180, with the mark by which spreadsheets know that it is UTF-8. */
export function csvText(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(cellText).join(','))
  return `\uFEFF${lines.join('\r\n')}\r\n`
}
