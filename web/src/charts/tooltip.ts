import type uPlot from 'uplot'
import { formatValue, type Units } from '../lib/units'
import type { ChartData, ChartMark } from './model'
import { swatchClass } from './theme'

export interface TooltipParts {
  element: HTMLElement
  tip: HTMLElement
  units: Units
  data: () => ChartData
  marks: () => readonly ChartMark[]
  words: { more: (count: number) => string; before: string }
}

/** The greatest first, as many as fit. */
const ROWS_MAX = 12
/** So near to a mark its event is told. */
const MARK_NEAR_PX = 6

/** Written by hand and not by React: it follows every move of the mouse. */
export function showTooltip(plot: uPlot, parts: TooltipParts) {
  const { tip, units } = parts
  const data = parts.data()
  const index = plot.cursor.idx
  const left = plot.cursor.left ?? -1
  const at = index === null || index === undefined ? undefined : data.timestamps[index]
  // Charts that only follow another one's cursor show the line, but no tooltip.
  const own = plot.over.matches(':hover') || plot.root.parentElement === document.activeElement
  if (!own || index === null || index === undefined || at === undefined || left < 0) {
    tip.hidden = true
    return
  }
  tip.replaceChildren(
    line('mb-0.5 font-medium', units.dateTime(at * 1_000)),
    ...valueRows(plot, parts, data, index),
    ...marksNear(plot, parts, left).map((mark) =>
      line('mt-1 border-t border-line pt-1 break-words text-mark', `${units.clock(mark.at * 1_000)} ${mark.text}`),
    ),
  )
  tip.hidden = false
  const x = plot.over.offsetLeft + left
  const flip = x > parts.element.clientWidth / 2
  tip.style.left = flip ? '' : `${x + 12}px`
  tip.style.right = flip ? `${parts.element.clientWidth - x + 12}px` : ''
  tip.style.top = '4px'
}

function valueRows(plot: uPlot, parts: TooltipParts, data: ChartData, index: number): HTMLElement[] {
  const { units, words } = parts
  const found: { label: string; position: number; value: number; before: number | null }[] = []
  data.series.forEach((one, position) => {
    const value = one.values[index]
    if (value === null || value === undefined || plot.series[position + 1]?.show === false) return
    const before = plot.series[position + 1 + data.series.length]?.show === true ? data.compared[position] : undefined
    found.push({ label: one.label, position, value, before: before?.values[index] ?? null })
  })
  found.sort((a, b) => b.value - a.value)
  const text = (value: number) => formatValue(units, data.format, value)
  const rows = found.slice(0, ROWS_MAX).map((row) => {
    const before = row.before === null ? '' : ` (${words.before} ${text(row.before)})`
    return valueRow(row.label, row.position, text(row.value), before)
  })
  const left = found.length - rows.length
  return left > 0 ? [...rows, line('text-dim', words.more(left))] : rows
}

function marksNear(plot: uPlot, parts: TooltipParts, left: number): ChartMark[] {
  return parts
    .marks()
    .filter((mark) => Math.abs(plot.valToPos(mark.at, 'x') - left) <= MARK_NEAR_PX)
    .slice(0, 3)
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement('div')
  element.className = className
  element.textContent = text
  return element
}

function valueRow(label: string, position: number, value: string, before: string): HTMLElement {
  const row = document.createElement('div')
  row.className = 'flex items-center gap-1.5'
  const swatch = document.createElement('span')
  swatch.className = `size-2 shrink-0 rounded-full ${swatchClass(position)}`
  const name = document.createElement('span')
  name.className = 'min-w-0 flex-1 truncate text-dim'
  name.textContent = label
  const number = document.createElement('span')
  number.className = 'pl-2 font-medium tabular-nums'
  number.textContent = value
  row.append(swatch, name, number)
  if (before !== '') {
    const earlier = document.createElement('span')
    earlier.className = 'text-dim tabular-nums'
    earlier.textContent = before
    row.append(earlier)
  }
  return row
}
