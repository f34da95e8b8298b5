/** A text as the host puts it, with `{placeholders}`, and the same in another language. */
export type HostText = readonly [english: string, translated: string]

export type Said = (text: string) => string

interface Rule {
  /** What the text begins with: most rules are ruled out by it alone. */
  start: string
  pattern: RegExp
  names: string[]
  translated: string
}

const PLACEHOLDER = /\{(\w+)\}/g
/** Texts that stand in one, each for itself. */
const BETWEEN = ['\n', '; ']
const CHAIN = ': '
/** Runs come by the thousand, with few texts. */
const REMEMBERED = 500

/**
 * Says in another language what the host says in English: the whole, else its parts, and within those what stands for
 * placeholders. What is not known stays as the host put it.
 */
export function translator(texts: readonly HostText[]): Said {
  // The one that says more is meant: `cannot connect to {address}: {error}` before `{thing}: {error}`.
  const rules = texts.toSorted(([one], [other]) => literals(other) - literals(one)).map(rule)
  const known = new Map<string, string>()
  const said: Said = (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size > REMEMBERED) known.clear()
    const now = translated(text) ?? text
    known.set(text, now)
    return now
  }

  const translated = (text: string): string | undefined => {
    for (const { start, pattern, names, translated: words } of rules) {
      const match = text.startsWith(start) ? pattern.exec(text) : null
      if (match === null) continue
      return words.replace(PLACEHOLDER, (whole, name: string) => {
        const at = names.indexOf(name)
        return at < 0 ? whole : said(match[at + 1] ?? '')
      })
    }
    return inParts(text) ?? inChain(text)
  }

  const inParts = (text: string): string | undefined => {
    for (const between of BETWEEN) {
      const parts = text.split(between)
      if (parts.length < 2) continue
      const now = parts.map(said)
      if (now.some((part, index) => part !== parts[index])) return now.join(between)
    }
    return undefined
  }

  const inChain = (text: string): string | undefined => {
    const at = text.indexOf(CHAIN)
    if (at < 0) return undefined
    const [head, tail] = [text.slice(0, at), text.slice(at + CHAIN.length)]
    const now = said(head) + CHAIN + said(tail)
    return now === text ? undefined : now
  }
  return said
}

const literals = (english: string): number => english.replace(PLACEHOLDER, '').length

function rule([english, translated]: HostText): Rule {
  const names = [...english.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
  const parts = english.split(/\{\w+\}/)
  const escaped = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  // What stands between backticks is a name, and ends at the next one.
  const pattern = escaped.reduce((before, part) => `${before}(${before.endsWith('`') ? '[^`]*' : '.*?'})${part}`)
  return { start: parts[0] ?? '', pattern: new RegExp(`^${pattern}$`, 's'), names, translated }
}
