import { labelMatchers } from '../../api/label-matcher'
import type { DeclaredSet, MetricDeclaration } from '../../api/types'
import type { Locale } from '../../i18n'
import { anyText, choiceOf, type SearchOf } from '../../lib/url-state'

/** `l`: values that labels must have (`datname:app`); `by`: the label whose values become lines. */
export const EXPLORE_IN_URL = { server: anyText, q: anyText, set: anyText, metric: anyText, l: anyText, by: anyText }

/** What one may choose among these labels; there are none to choose among where no metric is shown. */
export const labelsInUrl = (labels: readonly string[]) => ({ l: valuesOf(labels), by: choiceOf(labels) })
export type ChosenLabels = SearchOf<ReturnType<typeof labelsInUrl>>

/** Each part must be a value of one of these labels, or the host would refuse all. */
const valuesOf = (labels: readonly string[]) => (text: string) => {
  const chosen = parseLabels(text)
  const isKnown = Object.keys(chosen).every((label) => labels.includes(label)) && labelMatchers(chosen) === text
  return isKnown ? text : undefined
}

/** A set with its words in the reader's language. */
export interface KnownSet {
  set: DeclaredSet
  help: string
  metricHelp: (metric: MetricDeclaration) => string
}

/** A set's own words are English; other languages are texts `help_ru` and `help_ru.metric`. */
export function knownSets(sets: readonly DeclaredSet[], locale: Locale): KnownSet[] {
  return sets.map((set) => ({
    set,
    help: set.texts[`help_${locale}`] ?? set.help,
    metricHelp: (metric) => set.texts[`help_${locale}.${metric.name}`] ?? metric.help,
  }))
}

/** Sets with those metrics of them that match; a set that matches itself has all of its metrics. */
export function searchSets(sets: readonly KnownSet[], text: string): KnownSet[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...sets]
  const has = (haystack: string) => words.every((word) => haystack.includes(word))
  return sets.flatMap((known) => {
    const own =
      `${known.set.plugins.join(' ')} ${known.set.name} ${known.help} ${known.set.labels.join(' ')}`.toLocaleLowerCase()
    if (has(own)) return [known]
    const metrics = known.set.metrics.filter((metric) =>
      has(`${own} ${metric.name} ${metric.full_name} ${known.metricHelp(metric)}`.toLocaleLowerCase()),
    )
    return metrics.length === 0 ? [] : [{ ...known, set: { ...known.set, metrics } }]
  })
}

/** `datname:app,state:idle`, as the URL and the API have it; a comma in a value is escaped. */
export function parseLabels(text: string | undefined): Record<string, string> {
  if (text === undefined) return {}
  const pairs = (text.match(/(?:\\.|[^\\,])+/g) ?? []).map((pair) => {
    const colon = pair.indexOf(':')
    return [pair.slice(0, Math.max(0, colon)), pair.slice(colon + 1).replace(/\\(.)/g, '$1')] as const
  })
  return Object.fromEntries(pairs.filter(([label]) => label !== ''))
}

/** Values of each label among the series of an answer, in order. */
export function labelValues(series: readonly { labels: Record<string, string> }[], label: string): string[] {
  const values = new Set(series.flatMap((one) => one.labels[label] ?? []))
  return [...values].toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true }))
}
