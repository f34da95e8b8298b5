export type SortValue = string | number | null | undefined

/** Rows in the order of one column. Unknown values come last, whichever way the column is sorted. */
export function sortRows<Row>(rows: readonly Row[], value: (row: Row) => SortValue, descending: boolean): Row[] {
  const collator = new Intl.Collator(undefined, { numeric: true })
  const direction = descending ? -1 : 1
  // The values are read once per row and not once per comparison.
  const keyed = rows.map((row, index) => ({ row, index, key: value(row) ?? null }))
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return a.key === b.key ? a.index - b.index : a.key === null ? 1 : -1
    const order =
      typeof a.key === 'number' && typeof b.key === 'number'
        ? a.key - b.key
        : collator.compare(String(a.key), String(b.key))
    return order === 0 ? a.index - b.index : order * direction
  })
  return keyed.map((entry) => entry.row)
}

/** Every word must occur somewhere; upper and lower case are the same. */
export function matchesSearch(query: string, texts: readonly (string | null | undefined)[]): boolean {
  const haystack = texts.filter(Boolean).join('\n').toLocaleLowerCase()
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}
