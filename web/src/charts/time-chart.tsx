import { useEffect, useEffectEvent, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTime } from '../app/time'
import { useI18n } from '../i18n'
import { useIsDark } from '../lib/theme'
import { Legend } from './legend'
import { COMPARED_MAX } from './line-looks'
import type { ChartData, ChartMark } from './model'
import { plotOptions } from './plot-options'
import { tooltipWords } from './tooltip'

const HEIGHT = 180

export interface TimeChartProps {
  title: string
  data: ChartData
  marks: readonly ChartMark[]
  zero: boolean
  height?: number
  onZoom: (fromSeconds: number, toSeconds: number) => void
  /** The plot, for whoever wants its picture. */
  onPlot?: (plot: uPlot | null) => void
}

/** Lines over time on a canvas; tooltip, legend and cursor are ours. */
export function TimeChart(props: TimeChartProps) {
  const { locale } = useI18n()
  const { zone } = useTime()
  const dark = useIsDark()
  const [isolated, setIsolated] = useState<string | null>(null)
  const { data } = props
  // Colours, texts and lines are drawn into the canvas: where these change it is drawn anew. New points are not.
  const look = [dark, locale, zone, data.format, data.compared.length, ...data.series.map((one) => one.key)].join('\n')
  return (
    <div>
      <Plot key={look} {...props} isolated={isolated} />
      <Legend data={data} isolated={isolated} onIsolate={setIsolated} />
    </div>
  )
}

function Plot(props: TimeChartProps & { isolated: string | null }) {
  const { t, u } = useI18n()
  const { zone } = useTime()
  const { data, marks, zero, isolated, height = HEIGHT } = props
  const host = useRef<HTMLDivElement>(null)
  const tooltip = useRef<HTMLDivElement>(null)
  const spoken = useRef<HTMLParagraphElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef({ data, marks })
  const zoomed = useEffectEvent((from: number, to: number) => props.onZoom(from, to))
  const made = useEffectEvent((which: uPlot | null) => props.onPlot?.(which))

  useEffect(() => {
    const element = host.current
    const tip = tooltip.current
    if (!element || !tip) return
    const options = plotOptions({
      element,
      tip,
      units: u,
      height,
      zone,
      data: () => latest.current.data,
      marks: () => latest.current.marks,
      words: { more: t.charts.moreSeries, before: t.charts.before },
      zero,
      onZoom: (from, to) => zoomed(from, to),
    })
    const drawn = new uPlot(options, columnsOf(latest.current.data), element)
    plot.current = drawn
    made(drawn)
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== drawn.width) drawn.setSize({ width: element.clientWidth, height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      drawn.destroy()
      plot.current = null
      made(null)
    }
  }, [u, t, zero, zone, height])

  useEffect(() => {
    const drawn = plot.current
    if (drawn === null) return
    const before = latest.current
    latest.current = { data, marks }
    if (before.data !== data) drawn.setData(columnsOf(data))
    else if (before.marks !== marks) drawn.redraw(false)
    showOnly(drawn, data, isolated)
  }, [data, marks, isolated])

  const moveCursor = (event: React.KeyboardEvent) => {
    const drawn = plot.current
    if (!drawn || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return
    event.preventDefault()
    const last = data.timestamps.length - 1
    const step = (event.key === 'ArrowLeft' ? -1 : 1) * (event.shiftKey ? 10 : 1)
    const index = Math.min(last, Math.max(0, (drawn.cursor.idx ?? (step < 0 ? last + 1 : -1)) + step))
    const at = data.timestamps[index]
    if (at === undefined) return
    drawn.setCursor({ left: drawn.valToPos(at, 'x'), top: height / 3 })
    // What the tooltip shows, for whoever hears the page.
    if (spoken.current && tooltip.current) spoken.current.textContent = tooltipWords(tooltip.current)
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
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
        style={{ height }}
        className="w-full overflow-hidden"
      />
      <div
        ref={tooltip}
        hidden
        data-testid="chart-tooltip"
        className="pointer-events-none absolute z-20 max-w-72 rounded-md border border-line bg-panel px-2 py-1.5 text-xs shadow-popup"
      />
      <p ref={spoken} role="status" className="sr-only" />
    </div>
  )
}

function showOnly(plot: uPlot, data: ChartData, isolated: string | null) {
  const few = data.series.length <= COMPARED_MAX
  data.series.forEach((series, index) => {
    const now = isolated === null || isolated === series.key
    const before = isolated === null ? few : isolated === series.key
    if (plot.series[index + 1]?.show !== now) plot.setSeries(index + 1, { show: now })
    const behind = index + 1 + data.series.length
    if (plot.series[behind] !== undefined && plot.series[behind].show !== before) {
      plot.setSeries(behind, { show: before })
    }
  })
}

const columnsOf = (data: ChartData): uPlot.AlignedData => [
  data.timestamps,
  ...data.series.map((series) => series.values),
  ...data.compared.map((series) => series.values),
]
