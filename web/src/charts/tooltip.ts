import uPlot from 'uplot'
import { formatValue, type Units } from '../lib/units'
import { lineNumber } from './line-looks'
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
  fill(tip, [
    { kind: 'text', className: 'mb-0.5 font-medium', text: units.dateTime(at * 1_000) },
    ...valueRows(plot, parts, data, index),
    ...marksNear(plot, parts, left).map(
      (mark): Row => ({
        kind: 'text',
        className: 'mt-1 border-t border-line pt-1 break-words text-mark',
        text: `${units.clock(mark.at * 1_000)} ${mark.text}`,
      }),
    ),
  ])
  tip.hidden = false
  // From the plot's own numbers: asking the page where things are would make it lay itself out once more in each frame.
  const x = plot.bbox.left / uPlot.pxRatio + left
  const flip = x > plot.width / 2
  tip.style.left = flip ? '' : `${x + 12}px`
  tip.style.right = flip ? `${plot.width - x + 12}px` : ''
  tip.style.top = '4px'
}

/** Each row in words, one after the other. */
export const tooltipWords = (tip: HTMLElement): string =>
  [...tip.children]
    .map((row) => {
      const cells = row.children.length === 0 ? [row] : [...row.children]
      return cells.flatMap((cell) => cell.textContent || []).join(' ')
    })
    .join(', ')

function valueRows(plot: uPlot, parts: TooltipParts, data: ChartData, index: number): Row[] {
  const { units, words } = parts
  const found: { label: string; position: number; value: number; before: number | null }[] = []
  data.series.forEach((one, position) => {
    const value = one.values[index]
    if (value === null || value === undefined || plot.series[position + 1]?.show === false) return
    const before = plot.series[position + 1 + data.series.length]?.show === true ? data.compared[position] : undefined
    found.push({ label: one.label, position, value, before: before?.values[index] ?? null })
  })
  found.sort((a, b) => b.value - a.value)
  const text = (value: number) => formatValue(units, data.format, value, found[0]?.value)
  const rows = found.slice(0, ROWS_MAX).map(
    (row): Row => ({
      kind: 'value',
      swatch: swatchClass(lineNumber(data, row.position)),
      label: row.label,
      value: text(row.value),
      before: row.before === null ? '' : `(${words.before} ${text(row.before)})`,
    }),
  )
  const left = found.length - rows.length
  return left > 0 ? [...rows, { kind: 'text', className: 'text-dim', text: words.more(left) }] : rows
}

function marksNear(plot: uPlot, parts: TooltipParts, left: number): ChartMark[] {
  return parts
    .marks()
    .filter((mark) => Math.abs(plot.valToPos(mark.at, 'x') - left) <= MARK_NEAR_PX)
    .slice(0, 3)
}

type Row =
  | { kind: 'text'; className: string; text: string }
  | { kind: 'value'; swatch: string; label: string; value: string; before: string }

/** Rows that stand are written anew, not made anew: at each frame of a moving mouse only texts change. */
function fill(tip: HTMLElement, rows: readonly Row[]) {
  rows.forEach((row, position) => {
    const standing = tip.children[position]
    const element = standing instanceof HTMLElement && standing.dataset.kind === row.kind ? standing : made(row.kind)
    if (standing === undefined) tip.append(element)
    else if (standing !== element) standing.replaceWith(element)
    if (row.kind === 'text') write(element, row.text, row.className)
    else {
      const texts = ['', row.label, row.value, row.before]
      texts.forEach((text, part) => {
        const cell = element.children[part]
        if (cell) write(cell, text, part === 0 ? `${SWATCH} ${row.swatch}` : undefined)
      })
    }
  })
  while (tip.children.length > rows.length) tip.lastElementChild?.remove()
}

const SWATCH = 'size-2 shrink-0 rounded-full'
const CELLS = [
  SWATCH,
  'min-w-0 flex-1 truncate text-dim',
  'pl-2 font-medium tabular-nums',
  'text-dim tabular-nums empty:hidden',
]

function made(kind: Row['kind']): HTMLElement {
  const element = document.createElement('div')
  element.dataset.kind = kind
  if (kind === 'text') return element
  element.className = 'flex items-center gap-1.5'
  for (const className of CELLS) {
    const cell = document.createElement('span')
    cell.className = className
    element.append(cell)
  }
  return element
}

function write(element: Element, text: string, className = element.className) {
  if (element.textContent !== text) element.textContent = text
  if (element.className !== className) element.className = className
}
