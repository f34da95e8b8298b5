import { useEffect, useEffectEvent, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useI18n } from '../i18n'
import { useIsDark } from '../lib/theme'
import { formatValue, type Units, type ValueFormat } from '../lib/units'
import { cx } from '../ui/classes'
import type { ChartData } from './model'
import { lineColor, lineDash, readChartColors, swatchClass } from './theme'

const HEIGHT = 180

/** Shorter drags are clicks. */
const DRAG_MIN_PX = 5

interface TimeChartProps {
  title: string
  data: ChartData
  zero: boolean
  /** Charts with the same key move their cursors together. */
  syncKey: string
  onZoom: (fromSeconds: number, toSeconds: number) => void
}

/** Lines over time on a canvas; tooltip, legend and cursor are ours. */
export function TimeChart(props: TimeChartProps) {
  const { locale } = useI18n()
  const dark = useIsDark()
  const [isolated, setIsolated] = useState<string | null>(null)
  const { data } = props
  // Colours, texts and lines are drawn into the canvas: where these change it is drawn anew. New points are not.
  const look = [dark, locale, data.format, ...data.series.map((series) => series.key)].join('\n')
  return (
    <div>
      <Plot key={look} {...props} isolated={isolated} />
      <Legend data={data} isolated={isolated} onIsolate={setIsolated} />
    </div>
  )
}

function Plot(props: TimeChartProps & { isolated: string | null }) {
  const { t, u } = useI18n()
  const { data, zero, syncKey, isolated } = props
  const host = useRef<HTMLDivElement>(null)
  const tooltip = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(data)
  const zoomed = useEffectEvent((from: number, to: number) => props.onZoom(from, to))

  useEffect(() => {
    const element = host.current
    const tip = tooltip.current
    if (!element || !tip) return
    const options = plotOptions({
      element,
      tip,
      units: u,
      data: () => latest.current,
      zero,
      syncKey,
      onZoom: (from, to) => zoomed(from, to),
    })
    const made = new uPlot(options, columnsOf(latest.current), element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [u, zero, syncKey])

  useEffect(() => {
    const made = plot.current
    if (made === null) return
    if (latest.current !== data) {
      latest.current = data
      made.setData(columnsOf(data))
    }
    data.series.forEach((series, index) => {
      const show = isolated === null || isolated === series.key
      if (made.series[index + 1]?.show !== show) made.setSeries(index + 1, { show })
    })
  }, [data, isolated])

  const moveCursor = (event: React.KeyboardEvent) => {
    const made = plot.current
    if (!made || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return
    event.preventDefault()
    const last = data.timestamps.length - 1
    const step = event.key === 'ArrowLeft' ? -1 : 1
    const index = Math.min(last, Math.max(0, (made.cursor.idx ?? (step < 0 ? last + 1 : -1)) + step))
    const at = data.timestamps[index]
    if (at !== undefined) made.setCursor({ left: made.valToPos(at, 'x'), top: HEIGHT / 3 })
  }

  return (
    <div className="relative">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        ref={host}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor of the chart
        tabIndex={0}
        aria-label={`${props.title}. ${t.charts.keyboardHint}`}
        onKeyDown={moveCursor}
        className="h-[180px] w-full overflow-hidden"
      />
      <div
        ref={tooltip}
        hidden
        data-testid="chart-tooltip"
        className="pointer-events-none absolute z-20 max-w-64 rounded-md border border-line bg-panel px-2 py-1.5 text-xs shadow-popup"
      />
    </div>
  )
}

const columnsOf = (data: ChartData): uPlot.AlignedData => [
  data.timestamps,
  ...data.series.map((series) => series.values),
]

function Legend(props: { data: ChartData; isolated: string | null; onIsolate: (key: string | null) => void }) {
  const { t } = useI18n()
  const { series } = props.data
  if (series.length < 2) return null
  return (
    <ul className="flex flex-wrap gap-x-1 px-1 pt-1">
      {series.map((one, index) => {
        const only = props.isolated === one.key
        return (
          <li key={one.key} className="max-w-full">
            <button
              type="button"
              aria-pressed={only}
              title={only ? t.charts.showAll : t.charts.isolate(one.label)}
              onClick={() => props.onIsolate(only ? null : one.key)}
              className={cx(
                'inline-flex min-h-[24px] max-w-full items-center gap-1.5 rounded px-1.5 text-xs hover:bg-sunken',
                props.isolated !== null && !only && 'line-through decoration-dim',
              )}
            >
              <span aria-hidden="true" className={cx('size-2 shrink-0 rounded-full', swatchClass(index))} />
              <span className="truncate">{one.label}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

interface PlotParts {
  element: HTMLElement
  tip: HTMLElement
  units: Units
  data: () => ChartData
  zero: boolean
  syncKey: string
  onZoom: (from: number, to: number) => void
}

function plotOptions(parts: PlotParts): uPlot.Options {
  const colors = readChartColors(parts.element)
  const font = `11px ${getComputedStyle(parts.element).fontFamily}`
  const { series, format } = parts.data()
  const axis = { stroke: colors.axis, font, grid: { stroke: colors.grid, width: 1 }, ticks: { show: false } }
  const yText = (value: number, most = value) => formatValue(parts.units, format, value, most)
  return {
    width: parts.element.clientWidth || 300,
    height: HEIGHT,
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      sync: { key: parts.syncKey },
    },
    scales: {
      // The window that was asked for, not the one that has samples: a gap at the edge is seen as one.
      x: { time: true, range: () => [parts.data().from, parts.data().to] },
      y: { range: (_, min, max) => yRange(min, max, format === 'percent', parts.zero) },
    },
    series: [
      {},
      ...series.map((one, index) => {
        const dash = lineDash(index)
        return {
          label: one.label,
          stroke: lineColor(colors, index),
          width: 1.5,
          spanGaps: false,
          points: { size: 4 },
          ...(dash ? { dash } : {}),
        }
      }),
    ],
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        values: (_, splits) => timeLabels(parts.units, splits),
      },
      {
        ...axis,
        size: axisSize(font),
        values: (_, splits) => splits.map((split) => yText(split, splits.at(-1))),
        ...axisSteps(format),
      },
    ],
    hooks: {
      setCursor: [(plot) => showTooltip(plot, parts, yText)],
      setSelect: [(plot) => zoom(plot, parts)],
    },
  }
}

/** Steps that make round labels: bytes in base 1024, and no half connections. */
function axisSteps(format: ValueFormat): { incrs?: number[] } {
  if (format === 'bytes' || format === 'bytes-rate') return { incrs: POWERS_OF_TWO }
  return format === 'count' ? { incrs: WHOLE_STEPS } : {}
}

const WHOLE_STEPS = Array.from({ length: 13 }, (_, exponent) => [1, 2, 5].map((step) => step * 10 ** exponent)).flat()

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, exponent) => 2 ** exponent)

/** From zero up, or close around the values where small changes matter; flat lines get some room. */
function yRange(min: number | null, max: number | null, isRatio: boolean, zero: boolean): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1]
  const room = (max - min) * 0.08 || Math.abs(max) * 0.05 || 1
  const low = zero ? Math.min(0, min) : Math.max(0, min - room)
  return [low, isRatio ? Math.min(1, max + room) : max + room]
}

/** As wide as the longest label of the axis. */
const axisSize =
  (font: string) =>
  (plot: uPlot, values: string[] | null): number => {
    const longest = (values ?? []).reduce((a, b) => (b.length > a.length ? b : a), '')
    plot.ctx.save()
    plot.ctx.font = font
    const width = plot.ctx.measureText(longest).width
    plot.ctx.restore()
    return Math.max(38, Math.ceil(width) + 16)
  }

function timeLabels(units: Units, splits: number[]): string[] {
  const step = ((splits[1] ?? 0) - (splits[0] ?? 0)) * 1_000
  return splits.map((at) => {
    const date = new Date(at * 1_000)
    const midnight = date.getHours() === 0 && date.getMinutes() === 0
    return midnight ? units.axisDay(at * 1_000) : units.axisTime(at * 1_000, step)
  })
}

function zoom(plot: uPlot, parts: PlotParts) {
  if (plot.select.width < DRAG_MIN_PX) return
  const from = plot.posToVal(plot.select.left, 'x')
  const to = plot.posToVal(plot.select.left + plot.select.width, 'x')
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  parts.onZoom(from, to)
}

/** The greatest first, as many as fit. */
const TOOLTIP_ROWS = 12

/** Written by hand and not by React: it follows every move of the mouse. */
function showTooltip(plot: uPlot, parts: PlotParts, text: (value: number) => string) {
  const { tip, units } = parts
  const { series, timestamps } = parts.data()
  const index = plot.cursor.idx
  const left = plot.cursor.left ?? -1
  const at = index === null || index === undefined ? undefined : timestamps[index]
  // Charts that only follow another one's cursor show the line, but no tooltip.
  const own = plot.over.matches(':hover') || plot.root.parentElement === document.activeElement
  if (!own || index === null || index === undefined || at === undefined || left < 0) {
    tip.hidden = true
    return
  }
  const rows = series
    .map((one, position) => ({ one, position, value: one.values[index] ?? null }))
    .filter((row) => plot.series[row.position + 1]?.show !== false && row.value !== null)
    .toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))
    .slice(0, TOOLTIP_ROWS)
  const time = document.createElement('div')
  time.className = 'mb-0.5 font-medium'
  time.textContent = units.dateTime(at * 1_000)
  tip.replaceChildren(time, ...rows.map((row) => tooltipRow(row.one.label, row.position, text(row.value ?? 0))))
  tip.hidden = false
  const x = plot.over.offsetLeft + left
  const flip = x > parts.element.clientWidth / 2
  tip.style.left = flip ? '' : `${x + 12}px`
  tip.style.right = flip ? `${parts.element.clientWidth - x + 12}px` : ''
  tip.style.top = '4px'
}

function tooltipRow(label: string, position: number, value: string): HTMLElement {
  const row = document.createElement('div')
  row.className = 'flex items-center gap-1.5'
  const swatch = document.createElement('span')
  swatch.className = `size-2 shrink-0 rounded-full ${swatchClass(position)}`
  const name = document.createElement('span')
  name.className = 'min-w-0 flex-1 truncate text-dim'
  name.textContent = label
  const number = document.createElement('span')
  number.className = 'pl-2 font-medium'
  number.textContent = value
  row.append(swatch, name, number)
  return row
}
