/** Wall clocks of time zones, by way of Intl: it knows every change of every zone, we know none. */

/** `undefined` is the zone of the browser. */
export type Zone = string | undefined

export interface WallClock {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const clocks = new Map<Zone, Intl.DateTimeFormat>()

function clockOf(zone: Zone): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    ...(zone === undefined ? {} : { timeZone: zone }),
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  clocks.set(zone, made)
  return made
}

/** `Europe/Moscow` */
export const browserZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

export function isZone(text: string): boolean {
  try {
    clockOf(text)
    return true
  } catch {
    return false
  }
}

/** What a clock on the wall shows there at that moment. */
export function wallClock(milliseconds: number, zone: Zone): WallClock {
  const parts: Record<string, number> = {}
  for (const { type, value } of clockOf(zone).formatToParts(milliseconds)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return { year, month, day, hour, minute, second }
}

/** Not by `Date.UTC`, to which the year 19 is 1919. */
const asUtc = ({ year, month, day, hour, minute, second }: WallClock): number =>
  new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000

/** How far ahead of UTC clocks are there at that moment, in milliseconds. */
export function zoneOffset(milliseconds: number, zone: Zone): number {
  const whole = Math.floor(milliseconds / 1_000) * 1_000
  return asUtc(wallClock(whole, zone)) - whole
}

/** Before and after any change of a zone's clocks, and so near that no other one comes between. */
const AROUND_MS = 86_400_000

/**
 * The moment at which a clock there shows this. Of an hour that comes twice in autumn, the first time; in the hour that
 * is skipped in spring, the one after it.
 */
export function momentOf(wall: WallClock, zone: Zone): number {
  const asIfUtc = asUtc(wall)
  const before = asIfUtc - zoneOffset(asIfUtc - AROUND_MS, zone)
  const after = asIfUtc - zoneOffset(asIfUtc + AROUND_MS, zone)
  const isShown = (moment: number) => moment + zoneOffset(moment, zone) === asIfUtc
  return !isShown(before) && isShown(after) ? after : before
}

/** Whether clocks there show the same at another moment too. */
export function comesTwice(milliseconds: number, zone: Zone): boolean {
  const offset = zoneOffset(milliseconds, zone)
  return [-AROUND_MS, AROUND_MS].some((away) => {
    const other = zoneOffset(milliseconds + away, zone)
    return other !== offset && zoneOffset(milliseconds + offset - other, zone) === other
  })
}

/** `+03:00` */
export function offsetText(milliseconds: number, zone: Zone): string {
  const minutes = Math.round(zoneOffset(milliseconds, zone) / 60_000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

/** `2026-01-31 14:05:09`: sorts as text. */
export function fullWallText(milliseconds: number, zone: Zone): string {
  const { year, month, day, hour, minute, second } = wallClock(milliseconds, zone)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
}

/** The same, without seconds at a full minute, and with the offset where it says too little; is read back by `parseMoment`. */
export const wallText = (milliseconds: number, zone: Zone): string =>
  `${fullWallText(milliseconds, zone).replace(/:00$/, '')}${offsetIfTwice(milliseconds, zone)}`

/** ` +02:00`, or nothing where the wall clock says all. */
export const offsetIfTwice = (milliseconds: number, zone: Zone): string =>
  comesTwice(milliseconds, zone) ? ` ${offsetText(milliseconds, zone)}` : ''
