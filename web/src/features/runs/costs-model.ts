import type { CostItem } from '../../api/types'
import { groupBy } from '../../lib/group'

/** What one plugin costs, or what it costs on one server. */
export interface CostRow {
  name: string | null
  runs: number
  failed: number
  durationMs: number
  /** Waiting for answers of the server: what it has to do with us. */
  serverMs: number
  /** The part of the window in which the server is busy with us. */
  serverShare: number | null
  cpuMs: number
  memoryPeakBytes: number
  queries: number
  rows: number
  bytes: number
}

const GOOD = ['collected', 'not-applicable']

/** Ways to end are told by the runs; here they are one row. */
export function costRows(
  items: readonly CostItem[],
  nameOf: (item: CostItem) => string | null,
  windowMs: number,
): CostRow[] {
  return [...groupBy(items, nameOf)].map(([name, ones]) => {
    const sum = (of: (item: CostItem) => number) => ones.reduce((total, item) => total + of(item), 0)
    const serverMs = sum((item) => item.cost.host_call_us) / 1_000
    return {
      name,
      runs: sum((item) => item.runs),
      failed: sum((item) => (GOOD.includes(item.outcome) ? 0 : item.runs)),
      durationMs: sum((item) => item.duration_ms),
      serverMs,
      serverShare: windowMs > 0 ? serverMs / windowMs : null,
      cpuMs: sum((item) => item.cost.cpu_us) / 1_000,
      memoryPeakBytes: Math.max(...ones.map((item) => item.cost.memory_peak_bytes)),
      queries: sum((item) => item.cost.queries),
      rows: sum((item) => item.cost.rows),
      bytes: sum((item) => item.cost.bytes),
    }
  })
}

export const perRun = (row: CostRow, total: number): number | null => (row.runs === 0 ? null : total / row.runs)
