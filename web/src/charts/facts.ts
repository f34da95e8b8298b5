export interface SeriesFacts {
  last: number | null
  min: number | null
  max: number | null
}

export function seriesFacts(values: readonly (number | null)[]): SeriesFacts {
  const known = values.filter((value) => value !== null)
  return {
    last: known.at(-1) ?? null,
    // `Math.min(...values)` would overflow the stack on long windows.
    min: known.reduce<number | null>((least, value) => (least === null || value < least ? value : least), null),
    max: known.reduce<number | null>((most, value) => (most === null || value > most ? value : most), null),
  }
}
