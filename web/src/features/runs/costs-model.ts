import type { CostItem, Costs } from '../../api/types'
import type { ChartData } from '../../charts/model'
import { groupBy } from '../../lib/group'
import type { ValueFormat } from '../../lib/units'

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
      failed: sum((item) => (isFailure(item) ? item.runs : 0)),
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

export const HOUR_SECONDS = 3_600

/** The whole hours that costs are of: when the first begins, in seconds since 1970, and how many there are. */
export function hoursOf({ from, to }: Costs): { first: number; hours: number } {
  const first = Math.floor(Date.parse(from) / 1_000 / HOUR_SECONDS) * HOUR_SECONDS
  return { first, hours: Math.max(0, Math.ceil((Date.parse(to) / 1_000 - first) / HOUR_SECONDS)) }
}

export interface HourlyLine {
  key: string
  label: string
  /** Of one item, in the unit of `format`. */
  value: (item: CostItem) => number
}

/**
 * Lines over hours, of the one that still runs what there was so far. An hour in which nothing ran at all is a gap; one in
 * which others ran, a true zero.
 */
export function hourlyData(costs: Costs, lines: readonly HourlyLine[], format: ValueFormat): ChartData {
  const { first, hours } = hoursOf(costs)
  const timestamps = Array.from({ length: hours }, (_, index) => first + index * HOUR_SECONDS)
  const byHour = groupBy(costs.items, (item) => Date.parse(item.at) / 1_000)
  const values = (line: HourlyLine) =>
    timestamps.map((at) => byHour.get(at)?.reduce((sum, item) => sum + line.value(item), 0) ?? null)
  return {
    timestamps,
    series: lines.map((line) => ({ key: line.key, label: line.label, values: values(line) })),
    compared: [],
    others: [],
    format,
    resolution: 'hour',
    from: first,
    to: Date.parse(costs.to) / 1_000,
  }
}

export const isFailure = (item: CostItem): boolean => !GOOD.includes(item.outcome)
