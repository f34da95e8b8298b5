import type { Costs } from '../../api/types'
import { HOUR_SECONDS, hoursOf, isFailure } from '../runs/costs-model'

/** `none`: nothing ran, so nothing is known; that is neither good nor bad. */
export type CellState = 'none' | 'ok' | 'some' | 'bad'

/** What came of all runs on one server in a part of the window. */
export interface HistoryCell {
  /** Milliseconds since 1970. */
  from: number
  to: number
  runs: number
  failed: number
  state: CellState
}

export const HOUR_MS = HOUR_SECONDS * 1_000
/** More could not be told apart in a row. */
const CELLS_MAX = 48
/** From this part on it is not a few runs that fail, but the server that cannot be watched. */
const BAD_SHARE = 0.5

/** Milliseconds of a cell in a window of so many hours. */
export const cellLength = (hours: number): number => Math.ceil(hours / CELLS_MAX) * HOUR_MS

/** Cells of as many whole hours as it takes to have few enough, from the beginning of the window to its end. */
export function historyCells(costs: Costs): HistoryCell[] {
  const end = Date.parse(costs.to)
  const known = hoursOf(costs)
  const [first, hours] = [known.first * 1_000, Math.max(1, known.hours)]
  const length = cellLength(hours)
  const cells = Array.from({ length: Math.ceil((hours * HOUR_MS) / length) }, (_, index) => ({
    from: first + index * length,
    to: Math.min(first + (index + 1) * length, end),
    runs: 0,
    failed: 0,
  }))
  for (const item of costs.items) {
    const cell = cells[Math.floor((Date.parse(item.at) - first) / length)]
    if (cell === undefined) continue
    cell.runs += item.runs
    if (isFailure(item)) cell.failed += item.runs
  }
  return cells.map((cell) => ({ ...cell, state: stateOf(cell) }))
}

function stateOf({ runs, failed }: { runs: number; failed: number }): CellState {
  if (runs === 0) return 'none'
  if (failed === 0) return 'ok'
  return failed / runs < BAD_SHARE ? 'some' : 'bad'
}
