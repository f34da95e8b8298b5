/** The state that lives in the URL: parsed here, once; what cannot be understood becomes the default. */

/** What one key of the URL may say: undefined for what means nothing. */
export type Reader = (text: string) => string | undefined
/** A page says beside its columns and filters what stands in its URL, and how each is read. */
export type Readers = Readonly<Record<string, Reader>>
export type SearchOf<Of extends Readers> = { [Key in keyof Of]?: ReturnType<Of[Key]> | undefined }

export const anyText = (text: string): string | undefined => (text === '' ? undefined : text)
export const choiceOf =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice | undefined =>
    oneOf(text, choices)
export const sortOf =
  (ids: readonly string[]): Reader =>
  (text) =>
    parseSort(text, ids) && text
export const listOf =
  (ids: readonly string[]): Reader =>
  (text) =>
    parseList(text, ids) && text
export const matching =
  (pattern: RegExp): Reader =>
  (text) =>
    pattern.exec(text)?.[0]

/** What is understood of `raw`, and what stands there without meaning. */
export function readSearch<Of extends Readers>(readers: Of, raw: Readonly<Record<string, unknown>>) {
  const search: Record<string, string | undefined> = {}
  const unknown: Record<string, string> = {}
  for (const [key, read] of Object.entries(readers)) {
    const text = searchText(raw[key])
    if (text === undefined) continue
    const value = read(text)
    if (value === undefined) unknown[key] = text
    else search[key] = value
  }
  // Each value is what its reader gave.
  return { search: search as SearchOf<Of>, unknown }
}

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
