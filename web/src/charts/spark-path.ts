/** A line through the values, from zero up; one value for each pixel is enough, and a gap stays one. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const columns = Math.min(values.length, width)
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns)
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns))
    return meanOf(values.slice(from, to))
  })
  const most = means.reduce<number>((greatest, value) => Math.max(greatest, value ?? 0), 0) || 1
  const step = columns > 1 ? width / (columns - 1) : 0
  let pen = 'M'
  let path = ''
  means.forEach((value, column) => {
    if (value === null) {
      pen = 'M'
      return
    }
    const y = height - 1 - (value / most) * (height - 2)
    path += `${pen}${(column * step).toFixed(1)} ${y.toFixed(1)}`
    pen = 'L'
  })
  return path
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
