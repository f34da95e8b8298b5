/** Forms of a noun by the plural rules of CLDR. English has `one` and `other`, Russian also `few` and `many`. */
export type PluralForms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

export function pluralizer(locale: string): (count: number, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(locale)
  const numbers = new Intl.NumberFormat(locale)
  return (count, forms) => `${numbers.format(count)} ${forms[rules.select(count)] ?? forms.other}`
}
