import type { MetricDeclaration, Plugin } from '../../api/types'
import type { Locale } from '../../i18n'
import type { Messages } from '../../i18n/en/en'

type Probe = NonNullable<Plugin['metadata']>

/** A probe's own words: English by themselves, other languages as attributes `summary_ru` and `help_ru:set.metric`. */
export function probeWords(probe: Probe, locale: Locale) {
  const say = (field: string, english: string, of = ''): string => probe.attrs[`${field}_${locale}${of}`] ?? english
  return {
    summary: say('summary', probe.summary),
    setHelp: (set: string, english: string) => say('help', english, `:${set}`),
    optionHelp: (key: string, english: string) => say('help', english, `:option.${key}`),
    metricHelp: (set: string, metric: string, english: string) => say('help', english, `:${set}.${metric}`),
  }
}

/** `counter, bytes` */
export function kindAndUnit({ kind, unit }: Pick<MetricDeclaration, 'kind' | 'unit'>, t: Messages['plugins']): string {
  const names: Record<string, string> = t.unitNames
  return unit === '' ? t.kinds[kind] : `${t.kinds[kind]}, ${names[unit] ?? unit}`
}

/** server_version_num as people write it: 90600 is 9.6, 140000 is 14. */
export function versionText(number: number): string {
  const major = Math.floor(number / 10_000)
  return major >= 10 ? String(major) : `${major}.${Math.floor(number / 100) % 100}`
}
