import type { Locale } from '../i18n'
import { TICK_MS } from './now'
import { browserZone, offsetIfTwice, offsetText, wallClock, type Zone } from './zone'

/** The words that numbers need; part of the message catalogues. */
export interface UnitWords {
  bytes: readonly [string, string, string, string, string, string]
  perSecond: string
  perMinute: string
  perHour: string
  microsecond: string
  millisecond: string
  second: string
  minute: string
  hour: string
  day: string
  now: string
  ago: (duration: string) => string
  ahead: (duration: string) => string
}

export type Units = ReturnType<typeof createUnits>

/** What stands where there is no value: never a zero. */
export const UNKNOWN = '–'

type Maybe = number | null | undefined

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** So near is now: answers take time, and say theirs in whole seconds. */
const NEAR_MS = 5 * SECOND

/** From here on, and below the other, all digits are longer than a line: a probe may tell any number. */
const BEYOND = 1e15
const BENEATH = 1e-9

/** More places of thousands are longer than all digits. */
const COMPACT_PLACES = 2

/** Places after the point with which steps of this size are told apart, and are what they are called. */
function placesFor(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 0
  const least = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)))
  const scaled = step * 10 ** least
  return Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled ? least : least + 1
}

const isKnown = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value)

/** The only formatter of numbers and times in the UI. Times are those of `zone`. */
export function createUnits(locale: Locale, words: UnitWords, zone?: Zone) {
  const zoned = zone === undefined ? {} : { timeZone: zone }
  const formats = new Map<string, Intl.NumberFormat>()
  const powerFormat = new Intl.NumberFormat(locale, { notation: 'scientific', maximumFractionDigits: 1 })
  /** Digits after the point; without, two that mean something, so that what is small is not called zero. */
  const format = (value: number, digits?: number): string => {
    const size = Math.abs(value)
    if (size >= BEYOND || (digits === undefined && size > 0 && size < BENEATH)) return powerFormat.format(value)
    const key = String(digits)
    const known = formats.get(key)
    const places = digits === undefined ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: digits }
    const numberFormat = known ?? new Intl.NumberFormat(locale, places)
    if (known === undefined) formats.set(key, numberFormat)
    return numberFormat.format(value)
  }
  /** Three significant places are enough to compare and short enough to read. */
  const short = (value: number): string => {
    const size = Math.abs(value)
    return size > 0 && size < 0.1 ? format(value) : format(value, size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2)
  }
  const compactFormat = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  const shortened = (places: number) =>
    new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: places })
  const compact = (value: number): string => {
    const size = Math.abs(value)
    return size < 10_000 || size >= BEYOND ? short(value) : compactFormat.format(value)
  }
  const dateTimeFormat = new Intl.DateTimeFormat(locale, {
    ...zoned,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const dateFormat = new Intl.DateTimeFormat(locale, { ...zoned, year: 'numeric', month: 'short', day: 'numeric' })
  const dayFormat = new Intl.DateTimeFormat(locale, { ...zoned, month: 'short', day: 'numeric' })
  const clockFormat = new Intl.DateTimeFormat(locale, { ...zoned, timeStyle: 'medium', hourCycle: 'h23' })
  const timeFormat = new Intl.DateTimeFormat(locale, { ...zoned, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

  const bytes = (value: Maybe): string => {
    if (!isKnown(value)) return UNKNOWN
    let amount = value
    let step = 0
    while (Math.round(Math.abs(amount)) >= 1024 && step < words.bytes.length - 1) {
      amount /= 1024
      step += 1
    }
    return `${short(amount)} ${words.bytes[step] ?? ''}`
  }

  /** One or two units: `3 d 4 h`, `12 min`, `45 s`, `180 ms`; `-2 min` of what is past, or ahead where it should be behind. */
  const duration = (milliseconds: Maybe): string =>
    !isKnown(milliseconds) ? UNKNOWN : milliseconds < 0 ? `-${length(-milliseconds)}` : length(milliseconds)

  const length = (value: number): string => {
    if (value > 0 && value < 0.1) return `${short(value * 1_000)} ${words.microsecond}`
    // As they are rounded: 999.6 ms are a second, and must not read as 1,000 ms.
    if (Math.round(value) < SECOND) return `${format(value, value < 10 ? 1 : 0)} ${words.millisecond}`
    if (Math.round(value / SECOND) < 60) return `${format(value / SECOND, value < 10 * SECOND ? 1 : 0)} ${words.second}`
    // Whole minutes first: 59 min 59 s are an hour, and must not read as 60 min.
    const minutes = Math.round(value / MINUTE)
    if (minutes < 60) return `${minutes} ${words.minute}`
    const days = Math.floor((minutes * MINUTE) / DAY)
    const hours = Math.floor((minutes % (24 * 60)) / 60)
    if (days > 0)
      return hours > 0 && days < 10 ? `${days} ${words.day} ${hours} ${words.hour}` : `${format(days, 0)} ${words.day}`
    const rest = minutes % 60
    return rest > 0 ? `${hours} ${words.hour} ${rest} ${words.minute}` : `${hours} ${words.hour}`
  }

  /** What is measured in steps of `least` and is less than one is not nothing. */
  const inSteps = (milliseconds: number, least: number): string =>
    milliseconds < least ? `< ${length(least)}` : length(milliseconds)

  const count = (value: Maybe): string => (isKnown(value) ? compact(value) : UNKNOWN)

  /** What a value is divided by, and the unit that it then has, so that `most` is readable. */
  const scaleOf = (how: Exclude<ValueFormat, 'seconds'>, most: number): readonly [number, string] => {
    const size = Math.abs(most)
    switch (how) {
      case 'bytes':
      case 'bytes-rate': {
        const step = size < 1 ? 0 : Math.min(words.bytes.length - 1, Math.floor(Math.log2(size) / 10))
        return [1024 ** step, ` ${words.bytes[step] ?? ''}${how === 'bytes' ? '' : words.perSecond}`]
      }
      case 'rate':
        return size === 0 || size >= 0.1
          ? [1, words.perSecond]
          : size * 60 >= 0.1
            ? [1 / 60, words.perMinute]
            : [1 / 3_600, words.perHour]
      case 'seconds-rate':
        return size === 0 || size >= 1
          ? [1, ` ${words.second}${words.perSecond}`]
          : size >= 0.001
            ? [0.001, ` ${words.millisecond}${words.perSecond}`]
            : [0.000_001, ` ${words.microsecond}${words.perSecond}`]
      case 'percent':
        return [0.01, ' %']
      case 'count':
        return [1, '']
    }
  }

  /** Values that stand beside each other are shown in the unit of the greatest, `most`. */
  const scaled = (how: 'rate' | 'seconds-rate', value: Maybe, most: Maybe): string => {
    if (!isKnown(value)) return UNKNOWN
    const [scale, unit] = scaleOf(how, most ?? value)
    return `${compact(value / scale)}${unit}`
  }

  /** Events per second; slow ones per minute or hour, so that 0.0003/s is readable. */
  const rate = (perSecond: Maybe, most: Maybe = perSecond): string => scaled('rate', perSecond, most)

  /** Seconds that pass in each second: what is busy for 20 ms of them, or two sessions at once. */
  const secondsRate = (perSecond: Maybe, most: Maybe = perSecond): string => scaled('seconds-rate', perSecond, most)

  return {
    bytes,
    duration,
    rate,
    secondsRate,
    /** Hours that are known to the hundredth. */
    hours: (value: Maybe): string => (isKnown(value) ? inSteps(value * HOUR, MINUTE) : UNKNOWN),
    /** Days that are known to the tenth: no minutes, and not less than what a tenth is called. */
    days: (value: Maybe): string => (isKnown(value) ? inSteps(Math.round(value * 24) * HOUR, 2 * HOUR) : UNKNOWN),
    /** Large counts are shortened: 1.2M. */
    count,
    /** Neither shortened nor rounded nor grouped: a version, an identifier, a setting. */
    exact: (value: Maybe): string =>
      isKnown(value)
        ? new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 20 }).format(value)
        : UNKNOWN,
    integer: (value: Maybe): string => (isKnown(value) ? format(value, 0) : UNKNOWN),
    /** A ratio from 0 to 1. Near 100 % the last hundredths matter, so they are not rounded up. */
    percent: (ratio: Maybe): string =>
      !isKnown(ratio)
        ? UNKNOWN
        : ratio > 0 && ratio < 0.001
          ? `${short(ratio * 100)} %`
          : `${format(Math.floor(ratio * 10_000) / 100, ratio >= 0.99 && ratio < 1 ? 2 : 1)} %`,
    /** A part that may be very small: 0.02 % is not nothing. */
    share: (ratio: Maybe): string =>
      isKnown(ratio) ? (ratio > 0 && ratio < 0.0001 ? `< ${format(0.01, 2)} %` : `${short(ratio * 100)} %`) : UNKNOWN,
    bytesRate: (perSecond: Maybe): string => (isKnown(perSecond) ? `${bytes(perSecond)}${words.perSecond}` : UNKNOWN),
    /** How long ago `time` was. The page's `now` steps, and stands still between two steps, while what is new comes. */
    age: (time: string | number | null | undefined, now: number): string => {
      if (time === null || time === undefined) return UNKNOWN
      const at = typeof time === 'number' ? time : Date.parse(time)
      if (Number.isNaN(at)) return UNKNOWN
      const distance = now - at
      if (distance < NEAR_MS && distance > -(TICK_MS + NEAR_MS)) return words.now
      const text = length(Math.round(Math.abs(distance) / SECOND) * SECOND)
      return distance < 0 ? words.ahead(text) : words.ago(text)
    },
    /** In how long something is due; nobody waits for a part of a second. */
    ahead: (milliseconds: Maybe): string =>
      isKnown(milliseconds) ? words.ahead(duration(Math.max(1, Math.round(milliseconds / SECOND)) * SECOND)) : UNKNOWN,
    dateTime: (time: string | number | null | undefined): string => {
      if (time === null || time === undefined) return UNKNOWN
      const at = new Date(time).getTime()
      return Number.isNaN(at) ? UNKNOWN : `${dateTimeFormat.format(at)}${offsetIfTwice(at, zone)}`
    },
    date: (time: string | number | null | undefined): string => {
      if (time === null || time === undefined) return UNKNOWN
      const at = new Date(time)
      return Number.isNaN(at.getTime()) ? UNKNOWN : dateFormat.format(at)
    },
    /** `4:59`, for what runs out. */
    countdown: (milliseconds: number): string => {
      const seconds = Math.max(0, Math.ceil(milliseconds / SECOND))
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    },
    /** In the unit of the greatest, `most`, and with as many places as the step needs. */
    axisValue: (how: Exclude<ValueFormat, 'seconds'>, value: number, most: number, step: number): string => {
      const [scale, unit] = scaleOf(how, most)
      const thousands = how === 'count' || how === 'rate' ? value / scale : 0
      const power = Math.abs(thousands) < 10_000 ? 0 : Math.floor(Math.log10(Math.abs(thousands)) / 3) * 3
      const places = placesFor(Math.abs(step) / scale / 10 ** power)
      // Thousands are shortened, unless the step is too small a part of them.
      return power > 0 && places <= COMPACT_PLACES && Math.abs(thousands) < BEYOND
        ? `${shortened(places).format(thousands)}${unit}`
        : `${format(value / scale, placesFor(Math.abs(step) / scale))}${unit}`
    },
    axisTime: (milliseconds: number, stepMilliseconds: number): string =>
      stepMilliseconds >= DAY ? dayFormat.format(milliseconds) : timeFormat.format(milliseconds),
    /** Where a step is no whole minute, all labels are in seconds: 90 s is neither one minute nor two. 0 ms is no minute. */
    axisDuration: (milliseconds: number, stepMilliseconds: number): string =>
      stepMilliseconds >= SECOND && stepMilliseconds < MINUTE
        ? `${format(milliseconds / SECOND, 0)} ${words.second}`
        : milliseconds === 0 && stepMilliseconds >= MINUTE
          ? '0'
          : duration(milliseconds),
    axisDay: (milliseconds: number): string => dayFormat.format(milliseconds),
    isMidnight: (milliseconds: number): boolean => {
      const { hour, minute } = wallClock(milliseconds, zone)
      return hour === 0 && minute === 0
    },
    /** `14:05:09`, for what is seen to be of today. */
    clock: (time: string | number): string => clockFormat.format(new Date(time)),
    /** `UTC`, `Europe/Moscow +03:00`: which clocks are meant. */
    zone: (milliseconds: number): string => {
      const name = zone ?? browserZone()
      return /^(?:etc\/)?utc$/i.test(name) ? 'UTC' : `${name} ${offsetText(milliseconds, zone)}`
    },
  }
}

/** The unit of a metric as the API declares it, and how its values are shown. */
export type ValueFormat = 'count' | 'bytes' | 'bytes-rate' | 'rate' | 'percent' | 'seconds' | 'seconds-rate'

export function valueFormat(kind: 'gauge' | 'counter' | 'info', unit: string): ValueFormat {
  if (kind === 'counter') return unit === 'bytes' || unit === 'seconds' ? `${unit}-rate` : 'rate'
  switch (unit) {
    case 'bytes':
      return 'bytes'
    case 'ratio':
      return 'percent'
    case 'seconds':
      return 'seconds'
    default:
      return 'count'
  }
}

export function formatValue(units: Units, how: ValueFormat, value: Maybe, most: Maybe = value): string {
  switch (how) {
    case 'bytes':
      return units.bytes(value)
    case 'bytes-rate':
      return units.bytesRate(value)
    case 'rate':
      return units.rate(value, most)
    case 'seconds-rate':
      return units.secondsRate(value, most)
    case 'percent':
      return units.percent(value)
    case 'seconds':
      return units.duration(isKnown(value) ? value * SECOND : value)
    case 'count':
      return units.count(value)
  }
}
