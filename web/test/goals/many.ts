import type { SeriesResponse } from '../../src/api/types.ts'

const SERIES = 20
const POINTS = 4_320
const STEP_SECONDS = 600

/** An answer of the host with as many points as the chart libraries were compared with. */
export function manyPoints(): string {
  const last = Math.floor(Date.now() / 1_000)
  const first = last - (POINTS - 1) * STEP_SECONDS
  const numbers = Array.from({ length: POINTS }, (_, index) => index)
  const answer: SeriesResponse = {
    server: 'billing-01',
    set: 'shop_orders',
    resolution: 'raw',
    from: new Date(first * 1_000).toISOString(),
    to: new Date(last * 1_000).toISOString(),
    interval_seconds: STEP_SECONDS,
    metrics: [{ name: 'count', full_name: 'shop_orders_count', kind: 'gauge', unit: '', help: '' }],
    timestamps: numbers.map((index) => first + index * STEP_SECONDS),
    rest: null,
    series_left_out: 0,
    series: Array.from({ length: SERIES }, (_, series) => ({
      metric: 'count',
      labels: { region: `region ${series}`, payment: 'paid' },
      values: numbers.map((index) => 100 * (series + 1) + 50 * Math.sin(index / 30 + series) + ((index * 7) % 13)),
    })),
  }
  return JSON.stringify(answer)
}
