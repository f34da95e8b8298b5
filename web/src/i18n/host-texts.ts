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
/** Between texts that stand in one, each for itself. The host joins with the last two, which its texts have within, too. */
const BETWEEN = ['\n', '; ', ', ']
/** So many pieces one text may fall into at those. */
const PIECES_MAX = 6
const CHAIN = ': '
/** Whose text it is: `shop-prod: `. */
const OWNER = /^[^\s:;,]+: /
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
    const now = asOne(text) ?? inParts(text) ?? inChain(text) ?? text
    known.set(text, now)
    return now
  }

  const asOne = (text: string): string | undefined => {
    for (const { start, pattern, names, translated: words } of rules) {
      const match = text.startsWith(start) ? pattern.exec(text) : null
      if (match === null) continue
      return words.replace(PLACEHOLDER, (whole, name: string) => {
        const at = names.indexOf(name)
        return at < 0 ? whole : said(match[at + 1] ?? '')
      })
    }
    return undefined
  }

  const ofOwner = (text: string): string | undefined => {
    const owner = OWNER.exec(text)?.[0] ?? ''
    return asOne(text) ?? (owner === '' ? undefined : after(owner, asOne(text.slice(owner.length))))
  }

  const inParts = (text: string): string | undefined => {
    for (const between of BETWEEN) {
      const pieces = text.split(between)
      if (pieces.length < 2) continue
      const now = regrouped(pieces, between)
      if (now !== text) return now
    }
    return undefined
  }

  /** The fewest pieces that are a text by themselves; one that is in none is said alone. */
  const regrouped = (pieces: readonly string[], between: string): string => {
    const now: string[] = []
    for (let at = 0; at < pieces.length; ) {
      const [count, text] = textAt(pieces, at, between)
      now.push(text)
      at += count
    }
    return now.join(between)
  }

  const textAt = (pieces: readonly string[], at: number, between: string): [count: number, text: string] => {
    for (let count = 1; count <= Math.min(PIECES_MAX, pieces.length - at); count += 1) {
      const text = ofOwner(pieces.slice(at, at + count).join(between))
      if (text !== undefined) return [count, text]
    }
    return [1, said(pieces[at] ?? '')]
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

const after = (start: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : start + text

const literals = (english: string): number => english.replace(PLACEHOLDER, '').length

function rule([english, translated]: HostText): Rule {
  const names = [...english.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
  const parts = english.split(/\{\w+\}/)
  const escaped = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  // What stands between backticks is a name, and ends at the next one.
  const pattern = escaped.reduce((before, part) => `${before}(${before.endsWith('`') ? '[^`]*' : '.*?'})${part}`)
  return { start: parts[0] ?? '', pattern: new RegExp(`^${pattern}$`, 's'), names, translated }
}
