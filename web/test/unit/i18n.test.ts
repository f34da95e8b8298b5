import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { en } from '../../src/i18n/en/en.ts'
import { preferredLocale, withMoments, withQuotes } from '../../src/i18n/index.tsx'
import { said } from '../../src/i18n/ru/host/index.ts'
import { ru } from '../../src/i18n/ru/ru.ts'
import { createUnits } from '../../src/lib/units.ts'

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

test('a moment in what the host says is one of the zone that is shown', () => {
  const off = 'switched off by admin at 2026-11-27T00:33:56.910170Z'
  const inTokyo = createUnits('ru', ru.units, 'Asia/Tokyo')
  expect(withMoments(said, inTokyo)(off)).toBe(`выключил admin, ${inTokyo.dateTime('2026-11-27T00:33:56Z')}`)
  expect(withMoments(said, inTokyo)(off)).toMatch(/09:33:56$/)
  expect(withMoments(en.said, inTokyo)('at 2026-11-27T00 it was')).toBe('at 2026-11-27T00 it was')
  for (const quoted of [
    '22P02: invalid input syntax for type integer: "2026-11-27T06:00:00Z" at character 8',
    'to: is not a time: use 2026-01-31, 2026-01-31T12:00:00Z (UTC where no zone is given), now or now-6h',
  ])
    expect(withMoments(en.said, inTokyo)(quoted)).toBe(quoted)
})

test('what the host puts in backticks stands in quotes of the language, each of its own', () => {
  const text = 'plugin `filesystem` is quarantined on `crm-01`; ` alone\nand ` too'
  expect(withQuotes(en.said, en.quotes)(text)).toBe(
    'plugin “filesystem” is quarantined on “crm-01”; ` alone\nand ` too',
  )
  expect(withQuotes(said, ru.quotes)('plugin `filesystem`')).toBe('плагин «filesystem»')
})
