import { expect, test } from 'vitest'
import type { CostItem } from '../../src/api/types.ts'
import { historyCells } from '../../src/features/fleet/history-model.ts'
import { costRows, hourlyData, perRun } from '../../src/features/runs/costs-model.ts'

const item = (server: string | null, outcome: string, runs: number): CostItem => ({
  at: '2026-01-01T00:00:00Z',
  plugin: 'p',
  server,
  outcome,
  runs,
  duration_ms: runs * 20,
  cost: {
    cpu_us: runs * 1_000,
    memory_peak_bytes: runs,
    queries: runs,
    rows: runs * 2,
    bytes: runs * 3,
    ssh_commands: 0,
    host_call_us: runs * 10_000,
  },
})

test('ways to end are one row: sums, the highest peak, and what failed', () => {
  const items = [item('a', 'collected', 6), item('a', 'deadline-exceeded', 3), item('a', 'not-applicable', 1)]
  const [row] = costRows(items, (one) => one.server, 1_000)
  expect(row).toMatchObject({ runs: 10, failed: 3, memoryPeakBytes: 6, queries: 10, serverMs: 100, serverShare: 0.1 })
  expect(row && perRun(row, row.cpuMs)).toBe(1)
})

test('a window of nothing has no share, and no run no mean', () => {
  const [row] = costRows([item(null, 'collected', 0)], (one) => one.server, 0)
  expect(row?.serverShare).toBeNull()
  expect(row && perRun(row, row.cpuMs)).toBeNull()
})

const at = (time: string, outcome: string, runs: number): CostItem => ({ ...item(null, outcome, runs), at: time })
const runs = [{ key: 'runs', label: 'runs', value: (one: CostItem) => one.runs }]

test('hours without runs are gaps, and of the hour that still runs it is told what there was', () => {
  const costs = {
    from: '2026-01-01T00:30:00Z',
    to: '2026-01-01T03:30:00Z',
    items: [
      at('2026-01-01T00:00:00Z', 'collected', 60),
      at('2026-01-01T02:00:00Z', 'collected', 50),
      at('2026-01-01T02:00:00Z', 'timed-out', 10),
      at('2026-01-01T03:00:00Z', 'collected', 30),
    ],
  }
  const data = hourlyData(costs, runs, 'count')
  expect(data.series[0]?.values).toEqual([60, null, 60, 30])
  expect(data.timestamps[0]).toBe(Date.parse('2026-01-01T00:00:00Z') / 1_000)
})

test('a server did well, partly, badly or is not known, hour by hour', () => {
  const items = [
    at('2026-01-01T00:00:00Z', 'collected', 60),
    at('2026-01-01T01:00:00Z', 'collected', 50),
    at('2026-01-01T01:00:00Z', 'timed-out', 10),
    at('2026-01-01T03:00:00Z', 'unreachable', 60),
  ]
  const cells = historyCells({ from: '2026-01-01T00:00:00Z', to: '2026-01-01T04:00:00Z', items })
  expect(cells.map((cell) => cell.state)).toEqual(['ok', 'some', 'none', 'bad'])
  expect(cells[1]).toMatchObject({ runs: 60, failed: 10 })
})

test('a long window has cells of several hours', () => {
  const cells = historyCells({ from: '2026-01-01T00:00:00Z', to: '2026-01-31T00:00:00Z', items: [] })
  expect(cells).toHaveLength(48)
  expect((cells[0]?.to ?? 0) - (cells[0]?.from ?? 0)).toBe(15 * 3_600_000)
})
