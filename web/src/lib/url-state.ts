/** The state that lives in the URL: parsed here, once; what cannot be understood becomes the default. */

/** `name` rises, `-name` falls. */
export interface Sort<Id extends string> {
  id: Id
  descending: boolean
}

export function parseSort<Id extends string>(text: unknown, ids: readonly Id[]): Sort<Id> | undefined {
  if (typeof text !== 'string') return undefined
  const descending = text.startsWith('-')
  const id = ids.find((candidate) => candidate === (descending ? text.slice(1) : text))
  return id === undefined ? undefined : { id, descending }
}

export const sortToText = (sort: Sort<string>): string => (sort.descending ? `-${sort.id}` : sort.id)

export function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[]): Choice | undefined {
  return choices.find((choice) => choice === value)
}

export const searchText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** None of a list; an empty text would say that nothing was chosen. */
const NONE = '-'

export const listToText = (ids: readonly string[]): string => (ids.length === 0 ? NONE : ids.join(','))

/** `a,b,c`; only what is among `ids`, each once. */
export function parseList<Id extends string>(text: string | undefined, ids: readonly Id[]): Id[] | undefined {
  if (text === undefined) return undefined
  if (text === NONE) return []
  const wanted = text.split(',')
  const found = ids.filter((id) => wanted.includes(id))
  return found.length === 0 ? undefined : found
}
