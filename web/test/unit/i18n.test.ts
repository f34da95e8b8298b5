import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { en } from '../../src/i18n/en/en.ts'
import { preferredLocale } from '../../src/i18n/index.tsx'
import { ru } from '../../src/i18n/ru/ru.ts'

test.each([
  [1, '1 сервер'],
  [2, '2 сервера'],
  [5, '5 серверов'],
  [11, '11 серверов'],
  [21, '21 сервер'],
  [104, '104 сервера'],
])('%d in Russian is %s', (count, text) => {
  expect(ru.servers.count(count)).toBe(text)
})

test('English has one form for one and one for all others', () => {
  expect([0, 1, 2].map(en.servers.count)).toEqual(['0 servers', '1 server', '2 servers'])
})

test('the language is the chosen one, else the first of the browser that we speak', () => {
  expect(preferredLocale('ru', ['en-US'])).toBe('ru')
  expect(preferredLocale('tlh', ['de-DE', 'ru-RU', 'en-US'])).toBe('ru')
  expect(preferredLocale(null, ['de-DE'])).toBe('en')
})

/** Of these the host says the key. */
const LOOKED_UP = ['problems', 'failureReasons', 'absenceReasons']

test('no text is downloaded that nothing shows', () => {
  const src = new URL('../../src/', import.meta.url)
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const shown = names.filter((name) => /\.tsx?$/.test(name) && !/^i18n\/(?:en|ru)\/|schema\.d\.ts$/.test(name))
  const code = shown.map((name) => readFileSync(new URL(name, src), 'utf8')).join('\n')
  const unused = Object.entries(en)
    .filter(([area]) => !LOOKED_UP.includes(area))
    .flatMap(([area, texts]) => Object.keys(texts).map((key) => ({ area, key })))
    .filter(({ key }) => !new RegExp(`[.'"\`]${key}\\b`).test(code))
  expect(unused.map(({ area, key }) => `${area}.${key}`)).toEqual([])
})
