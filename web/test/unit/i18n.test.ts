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
