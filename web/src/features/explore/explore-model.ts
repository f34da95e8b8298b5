import type { MetricDeclaration, MetricSetDeclaration, Plugin } from '../../api/types'
import type { Locale } from '../../i18n'
import { probeWords } from '../plugins/probe-words'

/** A set with the plugin that fills it, and its words in the reader's language. */
export interface KnownSet {
  plugin: string
  set: MetricSetDeclaration
  help: string
  metricHelp: (metric: MetricDeclaration) => string
}

/** Every set that any plugin declares, each once; plugins in the order of their names. */
export function knownSets(plugins: readonly Plugin[], locale: Locale): KnownSet[] {
  const found = new Map<string, KnownSet>()
  for (const plugin of plugins.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const { metadata } = plugin
    if (metadata == null) continue
    const words = probeWords(metadata, locale)
    for (const set of metadata.sets) {
      // The same probe may run as several plugins.
      if (found.has(set.name)) continue
      found.set(set.name, {
        plugin: plugin.name,
        set,
        help: words.setHelp(set.name, set.help),
        metricHelp: (metric) => words.metricHelp(set.name, metric.name, metric.help),
      })
    }
  }
  return [...found.values()]
}

/** Sets with those metrics of them that match; a set that matches itself has all of its metrics. */
export function searchSets(sets: readonly KnownSet[], text: string): KnownSet[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...sets]
  const has = (haystack: string) => words.every((word) => haystack.includes(word))
  return sets.flatMap((known) => {
    const own = `${known.plugin} ${known.set.name} ${known.help} ${known.set.labels.join(' ')}`.toLocaleLowerCase()
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
  const pairs = text.split(/(?<!\\),/).map((pair) => {
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
