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
