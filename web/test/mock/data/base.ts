/** Answers of the mock backend are made up, but always the same, so that screenshots can be compared. */

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const GB = 1024 ** 3

export const ago = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString()

/** From 0 to 1, the same for the same seed. */
export function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898 + 78.233) * 43_758.5453
  return x - Math.floor(x)
}

const RELATIVE: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY, y: 365 * DAY }

export function parseTime(text: string | null, fallback: number): number {
  if (text === null || text === 'now') return text === null ? fallback : Date.now()
  const relative = /^now-(\d+)([smhdwy])$/.exec(text)
  if (relative) return Date.now() - Number(relative[1]) * (RELATIVE[relative[2] ?? ''] ?? 0)
  const at = Date.parse(text)
  return Number.isNaN(at) ? fallback : at
}
