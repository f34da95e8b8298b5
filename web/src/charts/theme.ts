import { LINE_LOOKS } from './line-looks'

export interface ChartColors {
  lines: readonly string[]
  axis: string
  grid: string
  mark: string
  ink: string
  panel: string
}

/** The browser resolves our custom properties to colours that a canvas understands, whatever notation they are in. */
export function readChartColors(near: HTMLElement): ChartColors {
  const probe = document.createElement('span')
  near.append(probe)
  const resolve = (property: string): string => {
    probe.style.color = `var(${property})`
    return getComputedStyle(probe).color
  }
  const colors = {
    lines: Array.from({ length: LINE_LOOKS }, (_, index) => resolve(`--chart-${index + 1}`)),
    axis: resolve('--dim'),
    grid: resolve('--grid'),
    mark: resolve('--mark'),
    ink: resolve('--ink'),
    panel: resolve('--panel'),
  }
  probe.remove()
  return colors
}

export const lineColor = (colors: ChartColors, index: number): string => colors.lines[index % LINE_LOOKS] ?? colors.axis

/** Tailwind sees these names here and makes the classes. */
const SWATCHES = [
  'bg-(--chart-1)',
  'bg-(--chart-2)',
  'bg-(--chart-3)',
  'bg-(--chart-4)',
  'bg-(--chart-5)',
  'bg-(--chart-6)',
  'bg-(--chart-7)',
  'bg-(--chart-8)',
] as const

/** For lines that repeat a colour and are drawn with dashes. */
const RINGS = [
  'border-2 border-(--chart-1)',
  'border-2 border-(--chart-2)',
  'border-2 border-(--chart-3)',
  'border-2 border-(--chart-4)',
  'border-2 border-(--chart-5)',
  'border-2 border-(--chart-6)',
  'border-2 border-(--chart-7)',
  'border-2 border-(--chart-8)',
] as const

export const swatchClass = (index: number): string =>
  (index < LINE_LOOKS ? SWATCHES : RINGS)[index % LINE_LOOKS] ?? SWATCHES[0]
export const lineDash = (index: number): number[] | undefined => (index < LINE_LOOKS ? undefined : [5, 3])
