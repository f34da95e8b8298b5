import { describe, expect, test } from 'vitest'
import type { SeriesResponse } from '../../src/api/types.ts'
import { axisSteps, yRange } from '../../src/charts/axes.ts'
import { unseenBefore, withCompared, withFound } from '../../src/charts/compare.ts'
import { chartCsv } from '../../src/charts/export.ts'
import { seriesFacts } from '../../src/charts/facts.ts'
import { currentLines, lineNumber } from '../../src/charts/line-looks.ts'
import {
  type ChartShape,
  type ChartWords,
  chartData,
  OTHER_KEY,
  ratioColumns,
  sumColumns,
} from '../../src/charts/model.ts'

const words: ChartWords = { metric: (name) => name, label: (value) => value, other: (count) => `other ${count}` }

function answer(part: Partial<SeriesResponse>): SeriesResponse {
  return {
    server: 's',
    set: 'pg_stat_database',
    resolution: 'raw',
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-01T01:00:00Z',
    interval_seconds: 60,
    metrics: [],
    timestamps: [],
    series: [],
    series_left_out: 0,
    rest: null,
    ...part,
  }
}

const metric = (name: string) =>
  ({ name, full_name: `pg_stat_database_${name}`, kind: 'counter', unit: '', help: '' }) as const

test('a sum has a gap only where nothing has a value', () => {
  const columns = [
    [1, null, null],
    [2, 3, null],
  ]
  expect(sumColumns(columns, 3)).toEqual([3, 3, null])
})

test('where nothing was read there is no hit ratio, and not one of zero', () => {
  expect(ratioColumns([9, 0, null], [1, 0, 5])).toEqual([0.9, null, null])
})

test('lines stand in our order, not in that of the declaration', () => {
  const data = chartData(
    answer({
      metrics: [metric('xact_rollback'), metric('xact_commit')],
      timestamps: [0, 60],
      series: [
        { metric: 'xact_rollback', labels: { datname: 'a' }, values: [1, 1] },
        { metric: 'xact_commit', labels: { datname: 'a' }, values: [10, 20] },
        { metric: 'xact_commit', labels: { datname: 'b' }, values: [1, null] },
      ],
    }),
    { kind: 'by-metric' },
    ['xact_commit', 'xact_rollback', 'not_collected'],
    words,
  )
  expect(data.series.map((series) => [series.key, series.values])).toEqual([
    ['xact_commit', [11, 20]],
    ['xact_rollback', [1, 1]],
  ])
  expect(data.format).toBe('rate')
})

test('of more than twenty series the ten greatest are drawn, and the rest as one', () => {
  const series = Array.from({ length: 25 }, (_, index) => ({
    metric: 'numbackends',
    labels: { datname: `db${index}` },
    values: [index, null],
  }))
  const data = chartData(
    answer({ metrics: [metric('numbackends')], timestamps: [0, 60], series }),
    { kind: 'by-label', label: 'datname' },
    [],
    words,
  )
  expect(data.series).toHaveLength(11)
  const greatest = Array.from({ length: 10 }, (_, index) => `db${15 + index}`)
  expect(data.series.slice(0, 10).map((one) => one.key)).toEqual(greatest)
  expect(data.series.at(-1)).toEqual({ key: OTHER_KEY, label: 'other 15', values: [105, null] })
})

test('the same has the same place in every chart, whatever the order of the answer', () => {
  const keys = (names: string[]) => {
    const series = names.map((datname) => ({ metric: 'n', labels: { datname }, values: [1] }))
    const all = answer({ metrics: [metric('n')], timestamps: [0], series })
    return chartData(all, { kind: 'by-label', label: 'datname' }, [], words).series.map((one) => one.key)
  }
  expect(keys(['', 'shop', 'forum'])).toEqual(['forum', 'shop', ''])
  expect(keys(['forum', 'shop'])).toEqual(['forum', 'shop'])
})

test.each<ChartShape>([{ kind: 'by-series' }, { kind: 'by-label', label: 'id' }])(
  'what the host has summed up already joins the rest, drawn $kind',
  (shape) => {
    const series = Array.from({ length: 12 }, (_, index) => ({
      metric: 'n',
      labels: { id: String(index) },
      values: [100 - index],
    }))
    const rest = { series_count: 30, values: [7] }
    const data = chartData(answer({ timestamps: [0], metrics: [metric('n')], series, rest }), shape, ['n'], words)
    expect(data.series).toHaveLength(11)
    expect(data.series.at(-1)).toEqual({ key: OTHER_KEY, label: 'other 32', values: [90 + 89 + 7] })
  },
)

describe('of more than twenty databases the window before shows the same', () => {
  const shape: ChartShape = { kind: 'by-label', label: 'datname' }
  const DAY = 86_400
  const name = (index: number) => `db${String(index).padStart(2, '0')}`
  /** db00 is the greatest before, and db24, which was the smallest, the greatest now. */
  const sizes = (start: number, last: number) => ({
    timestamps: [start, start + 60],
    metrics: [metric('bytes')],
    series: Array.from({ length: 25 }, (_, index) => {
      const size = index === 24 ? last : 25 - index
      return { metric: 'bytes', labels: { datname: name(index) }, values: [size, size] }
    }),
  })
  const now = answer(sizes(DAY, 500))
  const before = answer(sizes(0, 1))
  /** As the host answers `top=20`. */
  const cut = (all: SeriesResponse): SeriesResponse => {
    const ranked = all.series.toSorted((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0))
    const rest = ranked.slice(20).map((one) => one.values)
    return { ...all, series: ranked.slice(0, 20), rest: { series_count: 5, values: sumColumns(rest, 2) } }
  }
  const compared = (later: SeriesResponse, earlier: SeriesResponse) => {
    const lines = chartData(later, shape, ['bytes'], words)
    return withCompared(lines, chartData(earlier, shape, ['bytes'], words, lines), DAY, 60)
  }
  const greatest = [...Array.from({ length: 9 }, (_, index) => name(index)), 'db24']

  test('as lines, and the rest as the sum of the same ones', () => {
    const data = compared(now, before)
    expect(data.compared.map((one) => one.key)).toEqual([...greatest, OTHER_KEY])
    expect(data.compared.map((one) => one.values[0])).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 1, 135])
    expect(data.series.at(-1)?.values[0]).toBe(135)
  })

  test('but not the rest, where the host added it up and does not say of what', () => {
    const data = compared(cut(now), cut(before))
    expect(data.others).toBeNull()
    expect([data.compared.at(-1)?.key, data.compared.at(-1)?.values]).toEqual([OTHER_KEY, [null, null]])
  })

  test('also those that the host had among the rest then: they are asked for one by one', () => {
    const lines = chartData(cut(now), shape, ['bytes'], words)
    expect(unseenBefore(cut(now), lines, cut(before), shape)).toEqual(['datname:db24'])
    expect(unseenBefore(cut(now), lines, before, shape)).toEqual([])
    const found = { ...before, series: before.series.slice(-1) }
    const data = compared(cut(now), withFound(cut(before), [found]))
    expect(data.compared.find((one) => one.key === 'db24')?.values).toEqual([1, 1])
  })

  test('by all their labels, where these make the line', () => {
    const bySeries: ChartShape = { kind: 'by-series' }
    const later = answer({ ...sizes(DAY, 500), series: [{ metric: 'n', labels: { a: 'x,y', b: '' }, values: [1, 1] }] })
    const lines = chartData(later, bySeries, ['n'], words)
    expect(unseenBefore(later, lines, cut(before), bySeries)).toEqual(['a:x\\,y,b:'])
  })
})

test('twenty series are all drawn', () => {
  const series = Array.from({ length: 20 }, (_, index) => ({
    metric: 'numbackends',
    labels: { datname: `db${index}` },
    values: [index],
  }))
  const all = answer({ metrics: [metric('numbackends')], timestamps: [0], series })
  expect(chartData(all, { kind: 'by-label', label: 'datname' }, [], words).series).toHaveLength(20)
})

test('the words about a line know its ends', () => {
  expect(seriesFacts([null, 4, 1, null, 2, null])).toEqual({ last: 2, min: 1, max: 4 })
  expect(seriesFacts([null])).toEqual({ last: null, min: null, max: null })
})

test('an axis follows small changes, but not the rounding of what was computed', () => {
  expect(yRange(0.98, 0.99, true, false).map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0.9792, 0.9908])
  const [low, high] = yRange(0.99, 0.99 + 1e-15, true, false)
  expect([low < 0.95, high]).toEqual([true, 1])
  expect(yRange(5, 5, false, true)).toEqual([0, 5.25])
  expect(yRange(0, 0, false, true)).toEqual([0, 1])
  expect(yRange(null, null, false, true)).toEqual([0, 1])
})

test('an axis has steps however great its values are', () => {
  for (const format of ['count', 'rate', 'percent', 'bytes', 'bytes-rate', 'seconds'] as const) {
    const { incrs } = axisSteps(format)
    expect(incrs).toEqual(incrs.toSorted((a, b) => a - b))
    for (const value of [1e3, 1e15, 1e33, 1e300, Number.MAX_VALUE]) {
      // The chart takes the first step for which there is room; it stands for a third or so of the axis.
      expect([format, value, incrs.some((step) => step >= value / 5 && step <= value / 1.5)]).toEqual([
        format,
        value,
        true,
      ])
    }
  }
})

test('each time in a CSV has its seconds, also at a full minute', () => {
  const timestamps = ['2026-01-01T00:18:55Z', '2026-01-01T00:19:00Z'].map((at) => Date.parse(at) / 1_000)
  const data = chartData(answer({ timestamps }), { kind: 'by-series' }, [], words)
  expect(chartCsv(data, 'Time', 'before', 'UTC').split('\r\n').slice(1, 3)).toEqual([
    '2026-01-01 00:18:55 +00:00',
    '2026-01-01 00:19:00 +00:00',
  ])
})

const named = (values: Record<string, (number | null)[]>) =>
  chartData(
    answer({
      metrics: [metric('numbackends')],
      timestamps: [0, 60, 120, 180, 240, 300],
      series: Object.entries(values).map(([datname, of]) => ({
        metric: 'numbackends',
        labels: { datname },
        values: of,
      })),
    }),
    { kind: 'by-label', label: 'datname' },
    ['numbackends'],
    words,
  )

test('a database keeps its colour when another appears, and no two of a few share one', () => {
  const six = [1, 1, 1, 1, 1, 1]
  const colours = (names: readonly string[]) => {
    const data = named(Object.fromEntries(names.map((name) => [name, six])))
    return new Map(data.series.map((one, index) => [one.key, lineNumber(data, index)]))
  }
  const before = colours(['orders', 'postgres', 'stock'])
  const after = colours(['dropme', 'orders', 'postgres', 'stock'])
  expect([...before].map(([name]) => after.get(name))).toEqual([...before.values()])
  const many = colours(Array.from({ length: 20 }, (_, index) => `tenant_${index}`))
  expect(new Set([...many.values()].slice(0, 8)).size).toBe(8)
})

test('a line that ended has no value that is one of now, and one that is measured seldom has', () => {
  const data = named({
    dropped: [1, 1, null, null, null, null],
    late: [null, null, null, null, null, 1],
    missed: [1, 1, 1, 1, 1, null],
    seldom: [1, null, null, 1, null, null],
  })
  expect(data.series.map((one, index) => [one.key, currentLines(data)[index]])).toEqual([
    ['dropped', false],
    ['late', true],
    ['missed', true],
    ['seldom', true],
  ])
})
