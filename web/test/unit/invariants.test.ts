import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** What stands in one place only, so that it is the same everywhere. */

const SRC = new URL('../../src/', import.meta.url)
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && name !== 'api/schema.d.ts')
  .map((name) => ({ name, text: readFileSync(new URL(name, SRC), 'utf8') }))

/** Files in which it is found, but for those where it belongs. */
const elsewhere = (what: RegExp, places: readonly string[]) =>
  files.filter(({ name, text }) => what.test(text) && !places.includes(name)).map(({ name }) => name)

test('numbers and times are formatted in one place', () => {
  const formatting = /new Intl\.(?:NumberFormat|DateTimeFormat|RelativeTimeFormat)|\.toLocale(?:Date|Time)?String\(/
  // Plurals count in words, and zones are not texts.
  expect(elsewhere(formatting, ['lib/units.ts', 'lib/zone.ts', 'i18n/plural.ts'])).toEqual([])
})

test('links are built in one place', () => {
  const link = /(?:\bto|\bhref)(?:=|: ?)\{?['"`]\/|navigate\(\{ to: ['"`]\/|window\.open\(['"`]/
  expect(elsewhere(link, ['lib/paths.ts'])).toEqual([])
})

test('only what one prefers is kept in the browser', () => {
  // And that a session is still to be ended, which must outlive the page.
  const places = ['lib/preferences.ts', 'lib/theme.ts', 'i18n/index.tsx', 'api/client.ts']
  expect(elsewhere(/\b(?:local|session)Storage\b|\bindexedDB\b|document\.cookie/, places)).toEqual([])
})

test('the host is asked by the client that is generated from its document', () => {
  // The session signs in and renews below it; before that, only the version is asked for, and whether the page is old. Streams are no answers.
  expect(elsewhere(/\bfetch\(/, ['api/client.ts', 'api/session.ts', 'api/queries.ts', 'app/live.tsx'])).toEqual([])
})

test('nothing is marked up by text', () => {
  expect(elsewhere(/dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML/, [])).toEqual([])
})
