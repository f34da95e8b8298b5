import { expect, test } from 'vitest'
import type { CostItem } from '../../src/api/types.ts'
import { costRows, perRun } from '../../src/features/runs/costs-model.ts'

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
