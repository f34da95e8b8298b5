import { describe, expect, test } from 'vitest'
import {
  comparedQuery,
  comparisonSeconds,
  parseMoment,
  parseRange,
  rangeToQuery,
  rangeToSearch,
  readTime,
  relative,
  shiftRange,
  widenRange,
} from '../../src/lib/time-range.ts'
import { momentOf, offsetText, wallText } from '../../src/lib/zone.ts'

const NOW = Date.parse('2026-03-10T12:00:00Z')
const at = (text: string) => Date.parse(text)

test('a relative range follows the clock of the host', () => {
  expect(rangeToQuery(parseRange({ from: 'now-7d' }))).toEqual({ from: 'now-7d', to: 'now' })
})

test('a chosen section survives the way through the URL', () => {
  const range = { kind: 'absolute', from: at('2026-01-01T00:00:00Z'), to: at('2026-01-02T12:30:05Z') } as const
  expect(parseRange(rangeToSearch(range))).toEqual(range)
})

test.each(['yesterday', 'now-', 'now-5x', 'now-0h', 'now-1s', 'now-99y', '2026-13-45'])(
  'what cannot be understood (%s) does not count, and is told',
  (from) => {
    expect(readTime({ from })).toMatchObject({ search: { from: undefined }, unknown: { from } })
    expect(parseRange({ from })).toMatchObject({ text: '24h' })
  },
)

test.each([
  ['ends before it begins', '2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z'],
  ['is longer than the host answers', '1900-01-01', '2026-11-01'],
  ['is of years that the host does not take', '+275760-09-12', '+275760-09-13'],
  ['begins before the first year', '0000-12-31T23:00:00Z', '0001-01-02'],
  ['has no beginning', undefined, 'now'],
])('a section that %s is none', (_why, from, to) => {
  expect(readTime({ from, to })).toMatchObject({ search: { from: undefined, to: undefined }, unknown: { to } })
  expect(parseRange({ from, to })).toMatchObject({ text: '24h' })
})

test('a section may be as long as the host answers', () => {
  const section = { from: '2006-02-01T00:00:00Z', to: '2026-01-31T00:00:00Z' }
  expect(readTime(section)).toEqual({ search: section, unknown: {} })
})

test('a zone that does not exist, a comparison and a pause that are none are told', () => {
  const wrong = { tz: 'Mars/Olympus', cmp: '-5y', live: '7' }
  expect(readTime(wrong)).toEqual({ search: { from: undefined, to: undefined }, unknown: wrong })
  const right = { tz: 'utc', cmp: 'prev', live: '0' }
  expect(readTime({ ...right, q: 'x' })).toMatchObject({ search: right, unknown: {} })
  // As it is without; a link may say so.
  expect(readTime({ live: '1' })).toMatchObject({ search: { live: '1' }, unknown: {} })
})

describe('shifting', () => {
  const day = parseRange({})

  test('half of the window back leaves what was at the edge in view', () => {
    const range = shiftRange(day, -1, NOW)
    expect(range).toEqual({ kind: 'absolute', from: at('2026-03-09T00:00:00Z'), to: at('2026-03-10T00:00:00Z') })
  })

  test('there and back follows the clock again', () => {
    // A moment later: the clock went on meanwhile.
    expect(shiftRange(shiftRange(day, -1, NOW), 1, NOW + 20_000)).toEqual({
      kind: 'relative',
      seconds: 86_400,
      text: '24h',
    })
  })

  test('a section that would reach beyond now follows the clock instead', () => {
    const odd = { kind: 'absolute', from: NOW - 91_000, to: NOW - 1_000 } as const
    expect(shiftRange(odd, 1, NOW)).toEqual({ kind: 'relative', seconds: 90, text: '90s' })
  })
})

test('zooming out doubles the window around its middle, up to now', () => {
  expect(widenRange(parseRange({ from: 'now-6h' }), NOW)).toMatchObject({ text: '12h' })
  const section = { kind: 'absolute', from: at('2026-03-01T10:00:00Z'), to: at('2026-03-01T12:00:00Z') } as const
  expect(widenRange(section, NOW)).toEqual({
    kind: 'absolute',
    from: at('2026-03-01T09:00:00Z'),
    to: at('2026-03-01T13:00:00Z'),
  })
  const last = { kind: 'absolute', from: NOW - 7_200_000, to: NOW } as const
  expect(widenRange(last, NOW)).toMatchObject({ to: NOW, from: NOW - 14_400_000 })
})

test('the window before is asked for in the same form', () => {
  const hour = relative('1h')
  if (hour === undefined) throw new Error('1h is a range')
  expect(comparedQuery(hour, comparisonSeconds('prev', hour))).toEqual({ from: 'now-7200s', to: 'now-3600s' })
  const section = { kind: 'absolute', from: at('2026-03-08T00:00:00Z'), to: at('2026-03-09T00:00:00Z') } as const
  expect(comparedQuery(section, comparisonSeconds('-7d', section))).toEqual({
    from: '2026-03-01T00:00:00Z',
    to: '2026-03-02T00:00:00Z',
  })
})

describe('moments as people and logs write them', () => {
  test.each([
    ['2026-01-31', '2026-01-30T21:00:00Z'],
    ['2026-01-31 14:05', '2026-01-31T11:05:00Z'],
    ['2026-01-31T14:05:09.123', '2026-01-31T11:05:09Z'],
    ['31.01.2026 14:05', '2026-01-31T11:05:00Z'],
    ['31.01.2026, 14:05:09', '2026-01-31T11:05:09Z'],
    ['14:05', '2026-03-10T11:05:00Z'],
    ['2026-01-31 14:05:09 UTC', '2026-01-31T14:05:09Z'],
    ['2026-01-31 14:05:09.123 GMT', '2026-01-31T14:05:09.123Z'],
    ['2026-01-31T14:05:09Z', '2026-01-31T14:05:09Z'],
    ['2026-01-31 14:05:09+05', '2026-01-31T09:05:09Z'],
    ['2026-01-31 14:05:09+0530', '2026-01-31T08:35:09Z'],
    ['now', '2026-03-10T12:00:00Z'],
    ['now-6h', '2026-03-10T06:00:00Z'],
    ['0019-01-31 14:05 UTC', '0019-01-31T14:05:00Z'],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, 'Europe/Moscow', NOW)).toBe(at(expected))
  })

  test.each([
    '',
    'soon',
    '2026-02-30',
    '31.13.2026',
    '25:00',
    '2026-01-31 24:61',
    'now-6',
    '0000-05-01',
    '0000-05-01 00:00 UTC',
  ])('"%s" is none', (text) => {
    expect(parseMoment(text, 'Europe/Moscow', NOW)).toBeUndefined()
  })
})

test('a year of the first century is not one of the last', () => {
  expect(parseMoment('0019-01-31 14:05', 'utc', NOW)).toBe(at('0019-01-31T14:05:00Z'))
})

describe('clocks that change', () => {
  test('the two sides of a change have their own offsets', () => {
    expect(wallText(at('2026-03-29T00:59:00Z'), 'Europe/Berlin')).toBe('2026-03-29 01:59')
    expect(wallText(at('2026-03-29T01:00:00Z'), 'Europe/Berlin')).toBe('2026-03-29 03:00')
    expect(offsetText(at('2026-03-29T01:00:00Z'), 'Europe/Berlin')).toBe('+02:00')
    expect(offsetText(at('2026-01-01T00:00:00Z'), 'America/St_Johns')).toBe('-03:30')
  })

  test('a wall clock is read back to the moment that it shows', () => {
    for (const moment of ['2026-03-28T12:00:00Z', '2026-03-29T02:00:00Z', '2026-10-25T03:00:00Z']) {
      const text = wallText(at(moment), 'Europe/Berlin')
      expect(parseMoment(text, 'Europe/Berlin', NOW)).toBe(at(moment))
    }
  })

  test('the hour that spring leaves out is the one after it', () => {
    const skipped = { year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 }
    expect(wallText(momentOf(skipped, 'Europe/Berlin'), 'Europe/Berlin')).toBe('2026-03-29 03:30')
    expect(wallText(momentOf({ ...skipped, day: 8 }, 'America/New_York'), 'America/New_York')).toBe('2026-03-08 03:30')
  })

  test.each([
    ['Europe/Berlin', '2026-10-25T00:10:00Z', '2026-10-25 02:10 +02:00'],
    ['Europe/Berlin', '2026-10-25T01:10:00Z', '2026-10-25 02:10 +01:00'],
    ['Europe/Berlin', '2026-10-25T01:10:05Z', '2026-10-25 02:10:05 +01:00'],
    ['America/New_York', '2026-11-01T05:10:00Z', '2026-11-01 01:10 -04:00'],
    ['America/New_York', '2026-11-01T06:10:00Z', '2026-11-01 01:10 -05:00'],
    ['Australia/Lord_Howe', '2026-04-04T14:45:00Z', '2026-04-05 01:45 +11:00'],
  ])('of the hour that autumn repeats in %s, %s says which', (zone, moment, text) => {
    expect(wallText(at(moment), zone)).toBe(text)
    expect(parseMoment(text, zone, NOW)).toBe(at(moment))
  })

  test.each([
    ['Europe/Berlin', '2026-10-25T00:10:00Z'],
    ['America/New_York', '2026-11-01T05:10:00Z'],
  ])('of the hour that autumn repeats in %s, who does not say which means the first', (zone, first) => {
    expect(parseMoment(wallText(at(first), zone).slice(0, 16), zone, NOW)).toBe(at(first))
  })

  test.each(['2026-10-24T23:59:00Z', '2026-10-25T02:00:00Z', '2026-10-24T00:30:00Z', '2026-03-29T01:00:00Z'])(
    'what comes once (%s) says no more than the wall clock',
    (moment) => {
      expect(wallText(at(moment), 'Europe/Berlin')).toMatch(/^\S+ \d\d:\d\d$/)
    },
  )
})
