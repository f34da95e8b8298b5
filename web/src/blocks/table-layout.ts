/** Which columns fit, and how wide each is. */
export interface ColumnRoom {
  id: string
  /** In pixels; of one that grows, the least. */
  width: number
  /** Takes what is left over. */
  grow?: boolean
  /** 0 is always shown; the greater, the sooner it makes room for others. */
  priority?: number
}

const PRIORITY_DEFAULT = 5

/** Below this width a row is not a line of columns any more but a small card. */
export const STACKED_BELOW = 560

/** In the order in which they were given. Those that were `chosen` are shown whether they fit or not. */
export function fittingColumns<Column extends ColumnRoom>(
  columns: readonly Column[],
  room: number,
  chosen: readonly string[] | undefined,
): Column[] {
  if (chosen !== undefined) return columns.filter((column) => column.priority === 0 || chosen.includes(column.id))
  const ranked = columns.toSorted((a, b) => rank(a) - rank(b))
  const fitting = new Set<string>()
  let used = 0
  for (const column of ranked) {
    used += column.width
    // Once one does not fit, none of those after it is shown: less important ones must not push in.
    if (used > room && fitting.size > 0) break
    fitting.add(column.id)
  }
  return columns.filter((column) => fitting.has(column.id))
}

const rank = (column: ColumnRoom): number => column.priority ?? PRIORITY_DEFAULT

/** Widths in pixels that fill the room; where the columns need more, they get it and the table scrolls. */
export function columnWidths(columns: readonly ColumnRoom[], room: number): number[] {
  const least = columns.reduce((sum, column) => sum + column.width, 0)
  const growing = columns.filter((column) => column.grow === true)
  const extra = Math.max(0, room - least)
  if (growing.length === 0) {
    // Without one that grows all do, in proportion.
    return columns.map((column) => column.width + (least === 0 ? 0 : (extra * column.width) / least))
  }
  return columns.map((column) => column.width + (column.grow === true ? extra / growing.length : 0))
}
