import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { createUnits, type Units } from '../lib/units'
import type { Zone } from '../lib/zone'
import type { Messages } from './en/en'

/**
 * Messages are typed objects: a text that one language lacks, or a wrong parameter, does not compile. Only the chosen
 * language is downloaded.
 */
export const LOCALES = ['en', 'ru'] as const
export type Locale = (typeof LOCALES)[number]

const STORAGE_KEY = 'pgvigil.locale'

const CATALOGUES: Record<Locale, () => Promise<Messages>> = {
  en: () => import('./en/en').then((module) => module.en),
  ru: () => import('./ru/ru').then((module) => module.ru),
}

/** What turns the host's own words into a language: long, and needed only where the host has something to say. */
const HOST_TEXTS: Record<Locale, () => Promise<Messages['said']>> = {
  en: () => import('./en/host').then((module) => module.said),
  ru: () => import('./ru/host').then((module) => module.said),
}

export interface I18n {
  locale: Locale
  t: Messages
  u: Units
  setLocale: (locale: Locale) => void
}

const I18nContext = createContext<I18n | null>(null)

export function useI18n(): I18n {
  const value = useContext(I18nContext)
  if (value === null) throw new Error('useI18n is used outside of I18nProvider')
  return value
}

const isLocale = (text: string | null): text is Locale => LOCALES.some((locale) => locale === text)

/** What the user chose, else the first language of the browser that we speak. */
export function preferredLocale(stored: string | null, languages: readonly string[]): Locale {
  if (isLocale(stored)) return stored
  return languages.map((language) => language.slice(0, 2)).find(isLocale) ?? 'en'
}

export function readStoredLocale(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY)
  } catch {
    return null // Storage may be switched off.
  }
}

export const loadMessages = (locale: Locale): Promise<Messages> => CATALOGUES[locale]()

export function I18nProvider(props: { initial: Locale; messages: Messages; children: ReactNode }) {
  const [current, setCurrent] = useState({ locale: props.initial, t: props.messages })

  const { locale } = current
  useEffect(() => {
    document.documentElement.lang = locale
    HOST_TEXTS[locale]().then(
      (said) => setCurrent((now) => (now.locale === locale ? { locale, t: { ...now.t, said } } : now)),
      () => undefined, // The host is away; then what it said is read as it was put.
    )
  }, [locale])

  const value = useMemo<I18n>(
    () => ({
      ...current,
      u: createUnits(current.locale, current.t.units),
      setLocale: (chosen) => {
        try {
          localStorage.setItem(STORAGE_KEY, chosen)
        } catch {
          // The choice then lasts as long as the page.
        }
        const swap = (t: Messages) => setCurrent((now) => (now.locale === chosen ? now : { locale: chosen, t }))
        void loadMessages(chosen).then(swap)
      },
    }),
    [current],
  )
  return <I18nContext.Provider value={value}>{props.children}</I18nContext.Provider>
}

/** As the host writes a moment into what it says: `switched off by admin at 2026-01-31T14:05:09.123456Z`. */
const MOMENT = /(?<= at )\d{4}-\d\d-\d\dT[\d:.]+Z(?=$|; )/g

/** Also the host's own moments in what it said are of the zone and the language; what it quotes of others stays as it is. */
export const withMoments =
  (said: Messages['said'], u: Pick<Units, 'dateTime'>): Messages['said'] =>
  (text) =>
    said(text.replace(MOMENT, (at) => u.dateTime(at)))

/** What the host puts in backticks, in the quotes of the language. */
export const withQuotes =
  (said: Messages['said'], [before, after]: Messages['quotes']): Messages['said'] =>
  (text) =>
    said(text).replaceAll(/`([^`\n]+)`/g, `${before}$1${after}`)

/** Below it, times are written as clocks in `zone` show them. */
export function I18nZone(props: { zone: Zone; children: ReactNode }) {
  const outer = useI18n()
  const value = useMemo<I18n>(() => {
    const u = createUnits(outer.locale, outer.t.units, props.zone)
    const said = withQuotes(withMoments(outer.t.said, u), outer.t.quotes)
    return { ...outer, u, t: { ...outer.t, said } }
  }, [outer, props.zone])
  return <I18nContext.Provider value={value}>{props.children}</I18nContext.Provider>
}
