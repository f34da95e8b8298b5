import type uPlot from 'uplot'
import type { Units, ValueFormat } from '../lib/units'

/**
 * Steps that make round labels: bytes in base 1024, and no half connections. They reach as far as numbers do: where
 * none is great enough, an axis has neither labels nor lines.
 */
export function axisSteps(format: ValueFormat): { incrs: number[] } {
  if (format === 'bytes' || format === 'bytes-rate') return { incrs: POWERS_OF_TWO }
  if (format === 'seconds') return { incrs: SECOND_STEPS }
  return { incrs: format === 'count' ? WHOLE_STEPS : STEPS }
}

/** Of the powers of ten from one to below another; written out, as 10 ** 26 is 9.999999999999999e25. */
const decimalSteps = (from: number, to: number, steps = [1, 2, 5]): number[] =>
  Array.from({ length: to - from }, (_, index) => steps.map((step) => Number(`${step}e${from + index}`))).flat()

/** Below the power of ten at which numbers end. */
const LAST_POWER = 308

/** Below a second by tens, above as clocks count. */
const SECOND_STEPS = [
  ...decimalSteps(-6, 0),
  1,
  2,
  5,
  10,
  15,
  30,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600),
  // A day is nearly 1e5 seconds.
  ...decimalSteps(0, LAST_POWER - 5).map((days) => days * 86_400),
]

const WHOLE_STEPS = decimalSteps(0, LAST_POWER)

/** The chart's own, which end at 5e31. */
const STEPS = decimalSteps(-32, LAST_POWER, [1, 2, 2.5, 5])

const POWERS_OF_TWO = Array.from({ length: 1_024 }, (_, exponent) => 2 ** exponent)

/** What values differ by only because they were computed is no change to look at. */
const ROUNDING = 1e-6

/** From zero up, or close around the values where small changes matter; flat lines get some room. */
export function yRange(min: number | null, max: number | null, isRatio: boolean, zero: boolean): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1]
  const isFlat = max - min <= Math.abs(max) * ROUNDING
  const room = isFlat ? Math.abs(max) * 0.05 || 1 : (max - min) * 0.08
  const low = zero ? Math.min(0, min) : min >= 0 ? Math.max(0, min - room) : min - room
  return [low, isRatio && max <= 1 ? Math.min(1, max + room) : max + room]
}

/** As wide as the longest label of the axis. */
export const axisSize =
  (font: string) =>
  (plot: uPlot, values: string[] | null): number => {
    const longest = (values ?? []).reduce((a, b) => (b.length > a.length ? b : a), '')
    plot.ctx.save()
    plot.ctx.font = font
    const width = plot.ctx.measureText(longest).width
    plot.ctx.restore()
    return Math.max(38, Math.ceil(width) + 16)
  }

export function timeLabels(units: Units, splits: number[]): string[] {
  const step = ((splits[1] ?? 0) - (splits[0] ?? 0)) * 1_000
  return splits.map((at) =>
    units.isMidnight(at * 1_000) ? units.axisDay(at * 1_000) : units.axisTime(at * 1_000, step),
  )
}

/** Labels of one axis have one unit, that of the greatest. */
export const valueLabels = (units: Units, format: ValueFormat, splits: number[]): string[] =>
  format === 'seconds'
    ? splits.map((split) => units.axisDuration(split * 1_000, ((splits[1] ?? 0) - (splits[0] ?? 0)) * 1_000))
    : splits.map((split) => units.axisValue(format, split, splits.at(-1) ?? split, (splits[1] ?? 0) - (splits[0] ?? 0)))
