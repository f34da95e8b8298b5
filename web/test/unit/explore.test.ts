import { expect, test } from 'vitest'
import { labelMatcher, labelMatchers } from '../../src/api/label-matcher.ts'
import type { MetricDeclaration, MetricSetDeclaration } from '../../src/api/types.ts'
import { autoCharts, chartOf } from '../../src/charts/auto-chart.ts'
import { mergeColumns, mergeOf } from '../../src/charts/model.ts'
import {
  knownSets,
  labelsInUrl,
  labelValues,
  parseLabels,
  searchSets,
} from '../../src/features/explore/explore-model.ts'
import { parsePreferences } from '../../src/lib/preferences.ts'
import { makeMetricSets } from '../mock/data/sets.ts'

const metric = (name: string, kind: MetricDeclaration['kind'] = 'gauge', unit = ''): MetricDeclaration => ({
  name,
  full_name: `set_${name}`,
  kind,
  unit,
  help: '',
})
const set = (labels: string[], ...metrics: MetricDeclaration[]): MetricSetDeclaration => ({
  name: 'set',
  help: '',
  labels,
  metrics,
})
const names = (of: MetricSetDeclaration) => autoCharts(of).map((chart) => chart.metrics.map((one) => one.name))

test('without labels, what has one unit shares an axis; with labels each metric has its own chart', () => {
  const metrics = [metric('used'), metric('max'), metric('bytes', 'gauge', 'bytes'), metric('runs', 'counter')]
  expect(names(set([], ...metrics))).toEqual([['used', 'max'], ['bytes'], ['runs']])
  expect(names(set(['state'], ...metrics))).toEqual([['used'], ['max'], ['bytes'], ['runs']])
})

test('a family that is too large is not one chart', () => {
  expect(names(set([], ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => metric(name))))).toHaveLength(6)
})

test('facts are a table, whatever else is in the set', () => {
  const charts = autoCharts(set([], metric('used'), metric('version', 'info')))
  expect(charts.map((chart) => chart.kind)).toEqual(['lines', 'facts'])
  expect(chartOf(set([], metric('version', 'info')), metric('version', 'info'), undefined).kind).toBe('facts')
})

test('shares are averaged and ages are not added up', () => {
  const columns = [
    [0.2, null, 4],
    [0.4, null, null],
  ]
  expect(
    mergeColumns(columns, 3, mergeOf({ kind: 'gauge', unit: 'ratio' })).map(
      (value) => value && Math.round(value * 10) / 10,
    ),
  ).toEqual([0.3, null, 4])
  expect(mergeColumns(columns, 3, mergeOf({ kind: 'gauge', unit: 'seconds' }))).toEqual([0.4, null, 4])
  expect(mergeColumns([[1], [2]], 1, mergeOf({ kind: 'gauge', unit: 'bytes' }))).toEqual([3])
  expect(mergeColumns([[1], [2]], 1, mergeOf({ kind: 'counter', unit: 'seconds' }))).toEqual([3])
})

const sets = knownSets(makeMetricSets(), 'en')

test('a search finds a set with all of its metrics, or only the metrics that match', () => {
  expect(searchSets(sets, 'pg_connections')[0]?.set.metrics).toHaveLength(2)
  const found = searchSets(sets, 'deadlocks')
  expect(found.map((known) => known.set.metrics.map((one) => one.name))).toEqual([['deadlocks']])
  expect(searchSets(sets, 'my_queries oldest').map((known) => known.set.name)).toEqual(['shop_orders'])
  expect(searchSets(sets, 'no such thing')).toEqual([])
})

test('words are those of the language, and of none where only history is left', () => {
  const [russian] = searchSets(knownSets(makeMetricSets(), 'ru'), 'заказы')
  expect([russian?.set.name, russian?.help]).toEqual(['shop_orders', 'Заказы магазина'])
  expect(russian?.set.metrics.map((one) => russian.metricHelp(one))).toContain('Заказы')
  expect(searchSets(sets, 'old_queue')[0]?.set.plugins).toEqual([])
})

test('labels go through the URL whatever they hold', () => {
  const text = [labelMatcher('datname', 'a,b\\c:d'), labelMatcher('state', '')].join(',')
  expect(parseLabels(text)).toEqual({ datname: 'a,b\\c:d', state: '' })
  expect(parseLabels('nonsense')).toEqual({})
})

test('a value may end with what escapes', () => {
  const text = labelMatchers({ datname: 'a\\', state: 'idle' })
  expect(parseLabels(text)).toEqual({ datname: 'a\\', state: 'idle' })
  expect(labelsInUrl(['datname', 'state']).l(text)).toBe(text)
})

test.each(['zz:1', 'state:idle,zz:1', 'state', 'state:idle,nonsense', 'state:idle,state:active'])(
  '%s chooses nothing among the labels that there are',
  (text) => {
    expect(labelsInUrl(['state', 'kind']).l(text)).toBeUndefined()
  },
)

test('where no metric is shown there is nothing to choose among', () => {
  const { l, by } = labelsInUrl([])
  expect([l('state:idle'), by('state')]).toEqual([undefined, undefined])
  expect(labelsInUrl(['state']).by('state')).toBe('state')
})

test('values of a label stand in order, numbers as numbers', () => {
  const series = ['10', '9', '10', 'a'].map((id) => ({ labels: { id } }))
  expect(labelValues(series, 'id')).toEqual(['9', '10', 'a'])
})

test('what is stored in the browser is taken only where it has the right shape', () => {
  const views = [
    { name: 'a', href: '/explore?set=x' },
    { name: 'b', href: '//evil.example' },
    { name: 'c', href: 'https://evil.example' },
    7,
  ]
  const parsed = parsePreferences(
    JSON.stringify({ zone: 5, shortcuts: 'no', views, columns: { servers: ['a', 1], x: 3 } }),
  )
  expect(parsed).toEqual({
    zone: null,
    shortcuts: true,
    keepSignedIn: false,
    views: [{ name: 'a', href: '/explore?set=x' }],
    columns: { servers: ['a'] },
  })
  expect(parsePreferences('{broken').shortcuts).toBe(true)
})
