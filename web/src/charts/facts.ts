import { formatValue, type Units, valueFormat } from '../lib/units'
import type { ChartSeries } from './model'

/** What must be exact, with its unit where it has one: `128 MB (134217728)`. */
export function factText(units: Units, unit: string, value: number | null): string {
  const exact = units.exact(value)
  if (value === null || unit === '') return exact
  return `${formatValue(units, valueFormat('info', unit), value)} (${exact})`
}

export const hasValues = (series: readonly ChartSeries[]): boolean =>
  series.some(({ values }) => values.some((value) => value !== null))

export interface SeriesFacts {
  last: number | null
  min: number | null
  max: number | null
}

/** Legend, words and tables ask for the same values again and again; values are never changed in place. */
const known = new WeakMap<readonly (number | null)[], SeriesFacts>()

export function seriesFacts(values: readonly (number | null)[]): SeriesFacts {
  const before = known.get(values)
  if (before !== undefined) return before
  const facts: SeriesFacts = { last: null, min: null, max: null }
  for (const value of values) {
    if (value === null) continue
    facts.last = value
    if (facts.min === null || value < facts.min) facts.min = value
    if (facts.max === null || value > facts.max) facts.max = value
  }
  known.set(values, facts)
  return facts
}
