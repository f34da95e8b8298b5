/** A value of JSON as TOML writes it on one line: <https://toml.io/en/v1.0.0>. What TOML has no word for is left out. */
export function tomlValue(value: unknown): string | undefined {
  if (typeof value === 'string') return tomlText(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined
  if (Array.isArray(value)) return `[${value.flatMap((item) => tomlValue(item) ?? []).join(', ')}]`
  if (typeof value !== 'object' || value === null) return undefined
  const pairs = Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const text = tomlValue(item)
    return text === undefined ? [] : [`${tomlKey(key)} = ${text}`]
  })
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

export const tomlKey = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : tomlText(key))

/** A basic string; several lines stay readable. */
function tomlText(text: string): string {
  const escaped = Array.from(text.replaceAll('\\', '\\\\'), escapeControl).join('')
  if (text.includes('\n')) return `"""\n${escaped.replaceAll('"""', '""\\"')}"""`
  return `"${escaped.replaceAll('"', '\\"')}"`
}

/** Control characters have no place in a string of TOML but the tab, and the line feed of one with several lines. */
function escapeControl(char: string): string {
  const code = char.charCodeAt(0)
  const isControl = (code < 0x20 && char !== '\t' && char !== '\n') || code === 0x7f
  return isControl ? `\\u${code.toString(16).padStart(4, '0')}` : char
}
