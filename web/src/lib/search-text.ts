/** The search part of the URL is texts and nothing else: `?q=2024` is the text that it looks like. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

/** Unset ones are left out; what need not be escaped is not, so that times can be read. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parts = Object.entries(search).flatMap(([key, value]) =>
    typeof value === 'string' && value !== '' ? [`${encodeURIComponent(key)}=${escapePart(value)}`] : [],
  )
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

const escapePart = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:3A|2C|2F|20)/g, (code) => PLAIN[code] ?? code)

const PLAIN: Record<string, string> = { '%3A': ':', '%2C': ',', '%2F': '/', '%20': '+' }
