import { describe, expect, test } from 'vitest'
import { valueLabels } from '../../src/charts/axes.ts'
import { factText } from '../../src/charts/facts.ts'
import { en } from '../../src/i18n/en/en.ts'
import { ru } from '../../src/i18n/ru/ru.ts'
import { TICK_MS } from '../../src/lib/now.ts'
import { createUnits, formatValue, UNKNOWN, valueFormat } from '../../src/lib/units.ts'

const english = createUnits('en', en.units)
const russian = createUnits('ru', ru.units)

/** Intl separates thousands in Russian by a space that does not break. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

describe('what is not known', () => {
  test.each([null, undefined, Number.NaN, Number.POSITIVE_INFINITY])('%s is never shown as zero', (value) => {
    const { bytes, duration, rate, count, integer, percent, bytesRate } = english
    const texts = [bytes, duration, rate, count, integer, percent, bytesRate].map((format) => format(value))
    expect(new Set(texts)).toEqual(new Set([UNKNOWN]))
  })

  test('a time that cannot be read is not an age', () => {
    expect(english.age('yesterday', 0)).toBe(UNKNOWN)
    expect(english.dateTime('yesterday')).toBe(UNKNOWN)
  })
})

test.each([
  ['bytes', [18.5, 18.55, 18.6].map((size) => size * 1024 ** 2), '18.5 MB, 18.55 MB, 18.6 MB'],
  ['bytes', [0, 512, 1024].map((size) => size * 1024 ** 2), '0 GB, 0.5 GB, 1 GB'],
  ['percent', [0.9998, 0.99985, 0.9999], '99.98 %, 99.985 %, 99.99 %'],
  ['percent', [0, 0.5, 1], '0 %, 50 %, 100 %'],
  ['rate', [0, 0.25, 0.5], '0/s, 0.25/s, 0.5/s'],
  ['rate', [0.001, 0.0015, 0.002], '0.06/min, 0.09/min, 0.12/min'],
  ['seconds-rate', [0.1, 0.105, 0.11], '100 ms/s, 105 ms/s, 110 ms/s'],
  ['count', [10_000, 10_500, 11_000], '10K, 10.5K, 11K'],
  ['count', [100_010, 100_011, 100_012], '100,010, 100,011, 100,012'],
] as const)('labels of an axis of %s have as many places as the step needs', (how, splits, text) => {
  expect(valueLabels(english, how, [...splits]).join(', ')).toBe(text)
})

test.each([
  [0, '0 B'],
  [1_023, '1,023 B'],
  [1_024, '1 KB'],
  [1_536, '1.5 KB'],
  [5 * 1024 ** 3, '5 GB'],
  [1.25 * 1024 ** 4, '1.25 TB'],
  [5_000 * 1024 ** 5, '5,000 PB'],
  [1024 ** 2 - 1, '1 MB'],
])('%d bytes are %s', (value, text) => {
  expect(english.bytes(value)).toBe(text)
})

test.each([
  [0, '0 ms'],
  [0.02, '20 µs'],
  [0.0004, '0.4 µs'],
  [0.4, '0.4 ms'],
  [950, '950 ms'],
  [999.6, '1 s'],
  [4_500, '4.5 s'],
  [59_000, '59 s'],
  [59_700, '1 min'],
  [90_000, '2 min'],
  [59.9 * 60_000, '1 h'],
  [3_600_000 * 5 + 60_000 * 12, '5 h 12 min'],
  [86_400_000 * 3 + 3_600_000 * 4, '3 d 4 h'],
  [86_400_000 * 102, '102 d'],
])('%d milliseconds are %s', (value, text) => {
  expect(english.duration(value)).toBe(text)
})

test('what is known in steps is not called nothing where it is less than one', () => {
  expect([0, 0.01, 0.02, 1.5, 100].map((hours) => english.hours(hours))).toEqual([
    '< 1 min',
    '< 1 min',
    '1 min',
    '1 h 30 min',
    '4 d 4 h',
  ])
  expect([0, 0.1, 0.5, 1, 30].map((days) => english.days(days))).toEqual(['< 2 h', '2 h', '12 h', '1 d', '30 d'])
  expect([english.hours(null), english.days(undefined)]).toEqual([UNKNOWN, UNKNOWN])
})

test.each(['count', 'bytes', 'bytes-rate', 'rate', 'seconds', 'seconds-rate', 'percent'] as const)(
  'of %s no number that a probe may tell is longer than a line has room for',
  (how) => {
    for (const value of [1e300, -1e300, 1.5e15, 1e-300, -1e-300]) {
      expect(formatValue(english, how, value).length).toBeLessThan(20)
      expect(valueLabels(english, how, [0, value]).join('').length).toBeLessThan(40)
    }
    expect(formatValue(english, 'count', 1e300)).toBe('1E300')
  },
)

test('what is below zero says so, in any unit', () => {
  expect([-120_000, -59_700, -3, -0.02].map((value) => english.duration(value))).toEqual([
    '-2 min',
    '-1 min',
    '-3 ms',
    '-20 µs',
  ])
  expect([-60_000, 0, 60_000].map((at) => english.axisDuration(at, 60_000))).toEqual(['-1 min', '0', '1 min'])
  expect([english.bytes(-5 * 1024 ** 3), english.count(-3), english.percent(-0.5)]).toEqual(['-5 GB', '-3', '-50 %'])
  expect(russian.duration(-120_000)).toBe('-2 мин')
})

test.each([
  [0, '0/s'],
  [237.4, '237/s'],
  [12_345, '12.3K/s'],
  [0.02, '1.2/min'],
  [0.0004, '1.44/h'],
])('%d events per second are %s', (value, text) => {
  expect(english.rate(value)).toBe(text)
})

test('rates beside each other have one unit', () => {
  expect([0, 0.0005, 0.002].map((value) => english.rate(value, 0.002))).toEqual(['0/min', '0.03/min', '0.12/min'])
})

test('time that is counted keeps its unit, and what stands beside it has the same', () => {
  const say = (value: number | null, most?: number) => formatValue(english, 'seconds-rate', value, most)
  expect([2.23, 0.02, 0.000_4, 0, null].map((value) => say(value))).toEqual([
    '2.23 s/s',
    '20 ms/s',
    '400 µs/s',
    '0 s/s',
    UNKNOWN,
  ])
  expect([0.002, 0.000_3, 0].map((value) => say(value, 0.002))).toEqual(['2 ms/s', '0.3 ms/s', '0 ms/s'])
})

test('a fact is exact, whatever its size, and has its unit', () => {
  const say = (unit: string, value: number | null) => factText(english, unit, value)
  expect([180_004, 0.9, 0.000_123_456, null].map((value) => say('', value))).toEqual([
    '180004',
    '0.9',
    '0.000123456',
    UNKNOWN,
  ])
  expect(say('bytes', 134_217_728)).toBe('128 MB (134217728)')
  expect(say('seconds', 300)).toBe('5 min (300)')
})

test('a ratio just below one is not rounded up to it', () => {
  expect(english.percent(0.99999)).toBe('99.99 %')
  expect(english.percent(1)).toBe('100 %')
  expect(english.percent(0.424)).toBe('42.4 %')
})

test('what is small is not shown as zero', () => {
  expect([0.004, 0.000_021, 0].map((value) => english.count(value))).toEqual(['0.004', '0.000021', '0'])
  expect([0.000_004, 0.000_5, 0].map((ratio) => english.percent(ratio))).toEqual(['0.0004 %', '0.05 %', '0 %'])
  expect([0, 0.02, 0.04].map((at) => english.axisDuration(at, 0.02))).toEqual(['0 ms', '20 µs', '40 µs'])
})

test('ages say which way they go', () => {
  const now = Date.parse('2026-01-01T12:00:00Z')
  expect(english.age('2026-01-01T11:57:00Z', now)).toBe('3 min ago')
  expect(english.age('2026-01-01T12:10:00Z', now)).toBe('in 10 min')
  expect(english.age('2026-01-01T11:59:58Z', now)).toBe('just now')
  expect(english.age('2026-01-01T12:00:12Z', now)).toBe('just now')
  // What came just before the page's time steps on may seem to be ahead by a whole step.
  expect(english.age(now + TICK_MS + 4_000, now)).toBe('just now')
  expect(english.age(now + TICK_MS + 5_000, now)).toBe('in 15 s')
})

test('Russian numbers have Russian units and separators', () => {
  expect(plain(russian.bytes(1.25 * 1024 ** 4))).toBe('1,25 ТБ')
  expect(plain(russian.duration(5 * 3_600_000 + 12 * 60_000))).toBe('5 ч 12 мин')
  expect(plain(russian.integer(1_234_567))).toBe('1 234 567')
})

test('a counter is shown per second, a gauge as what it is', () => {
  expect(valueFormat('counter', '')).toBe('rate')
  expect(valueFormat('counter', 'bytes')).toBe('bytes-rate')
  expect(valueFormat('counter', 'seconds')).toBe('seconds-rate')
  expect(valueFormat('gauge', 'bytes')).toBe('bytes')
  expect(valueFormat('gauge', 'ratio')).toBe('percent')
  expect(valueFormat('gauge', 'furlongs')).toBe('count')
})

test('labels of an axis by half minutes are in seconds, and do not repeat', () => {
  const labels = [0, 30_000, 60_000, 90_000].map((at) => english.axisDuration(at, 30_000))
  expect(labels).toEqual(['0 s', '30 s', '60 s', '90 s'])
  expect(english.axisDuration(7_200_000, 3_600_000)).toBe('2 h')
})

test('what is due within the second is due in one', () => {
  expect([0, 182, 1_400, 61_000].map((milliseconds) => english.ahead(milliseconds))).toEqual([
    'in 1 s',
    'in 1 s',
    'in 1 s',
    'in 1 min',
  ])
})
