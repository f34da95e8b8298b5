import { groupBy } from '../lib/group'
import type { IconName } from '../ui/icon'

/** Something that the palette can do. */
export interface Command {
  id: string
  group: string
  label: string
  /** Where it is, or what it is of. */
  hint?: string
  /** Searched, but not shown. */
  words?: string
  icon: IconName
  run: () => void
}

/** More would not be read. */
const GROUP_MAX = 7

/** 0 does not match; the start of the label counts most, then that of a word, then anything. */
export function score(command: Command, text: string): number {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return 1
  const label = command.label.toLocaleLowerCase()
  const all = `${label} ${command.hint ?? ''} ${command.words ?? ''}`.toLocaleLowerCase()
  let sum = 0
  for (const word of words) {
    if (label.startsWith(word)) sum += 8
    else if (new RegExp(`[\\s\\-_./]${escaped(word)}`).test(label)) sum += 4
    else if (label.includes(word)) sum += 2
    else if (all.includes(word)) sum += 1
    else return 0
  }
  // Of equally good ones the shorter is more likely to be meant.
  return sum + 1 / (1 + label.length)
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The best of each group; groups stay in the order in which they were given. */
export function findCommands(commands: readonly Command[], text: string): Command[] {
  const found = commands.map((command) => ({ command, score: score(command, text) })).filter((one) => one.score > 0)
  const groups = groupBy(found, (one) => one.command.group)
  const best = (group: { command: Command; score: number }[]) =>
    text === '' ? group : group.toSorted((a, b) => b.score - a.score)
  return [...groups.values()].flatMap((group) =>
    best(group)
      .slice(0, GROUP_MAX)
      .map((one) => one.command),
  )
}

/** One letter is in nearly all names. */
const WORD_MIN = 2
/** The host looks for one word at a time; more than these are only looked for among what it found. */
const WORDS_MAX = 3
/** Words of the text that the host can look for: any of them may be of the name, the others of the server's. */
export const searchedWords = (text: string): string[] => {
  const words = text.toLocaleLowerCase().split(/\s+/)
  return [...new Set(words.filter((word) => word.length >= WORD_MIN))].slice(0, WORDS_MAX)
}
