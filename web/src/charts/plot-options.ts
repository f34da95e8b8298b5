import uPlot from 'uplot'
import type { Zone } from '../lib/zone'
import { axisSize, axisSteps, timeLabels, valueLabels, yRange } from './axes'
import { lineNumber } from './line-looks'
import type { ChartData } from './model'
import { type ChartColors, lineColor, lineDash, readChartColors } from './theme'
import { showTooltip, type TooltipParts } from './tooltip'

/** Shorter drags are clicks. */
const DRAG_MIN_PX = 5

/** All charts of a page move their cursors together. */
const SYNC_KEY = 'time'

export interface PlotParts extends TooltipParts {
  height: number
  zero: boolean
  zone: Zone
  onZoom: (from: number, to: number) => void
}

export function plotOptions(parts: PlotParts): uPlot.Options {
  const colors = readChartColors(parts.element)
  const font = `11px ${getComputedStyle(parts.element).fontFamily}`
  const { format } = parts.data()
  const axis = { stroke: colors.axis, font, grid: { stroke: colors.grid, width: 1 }, ticks: { show: false } }
  return {
    width: parts.element.clientWidth || 300,
    height: parts.height,
    padding: [10, 16, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => {
      const date = new Date(seconds * 1_000)
      return parts.zone === undefined ? date : uPlot.tzDate(date, parts.zone)
    },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      sync: { key: SYNC_KEY },
    },
    scales: {
      // The window that was asked for, not the one that has samples: a gap at the edge is seen as one.
      x: { time: true, range: () => [parts.data().from, parts.data().to] },
      y: { range: (_, min, max) => yRange(min, max, format === 'percent', parts.zero) },
    },
    series: seriesOptions(parts.data(), colors),
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => timeLabels(parts.units, splits) },
      {
        ...axis,
        size: axisSize(font),
        values: (_, splits) => valueLabels(parts.units, format, splits),
        ...axisSteps(format),
      },
    ],
    hooks: {
      setCursor: [(plot) => showTooltip(plot, parts)],
      setSelect: [(plot) => zoom(plot, parts)],
      drawClear: [(plot) => drawMarks(plot, parts, colors)],
    },
  }
}

/** The lines, and behind each the same of the window before: thinner, broken and pale. */
function seriesOptions(data: ChartData, colors: ChartColors): uPlot.Series[] {
  const now = data.series.map((one, index): uPlot.Series => {
    const number = lineNumber(data, index)
    const dash = lineDash(number)
    return {
      label: one.label,
      stroke: lineColor(colors, number),
      width: 1.5,
      spanGaps: false,
      points: { size: 4 },
      ...(dash ? { dash } : {}),
    }
  })
  const before = data.compared.map(
    (one, index): uPlot.Series => ({
      label: one.label,
      stroke: lineColor(colors, lineNumber(data, index)),
      width: 1.25,
      alpha: 0.8,
      dash: [2, 3],
      spanGaps: false,
      points: { show: false },
      // Their points would hide those of the lines themselves.
    }),
  )
  return [{}, ...now, ...before]
}

function zoom(plot: uPlot, parts: PlotParts) {
  if (plot.select.width < DRAG_MIN_PX) return
  const from = plot.posToVal(plot.select.left, 'x')
  const to = plot.posToVal(plot.select.left + plot.select.width, 'x')
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  parts.onZoom(from, to)
}

/** Events stand as thin lines with a small flag behind the data. */
function drawMarks(plot: uPlot, parts: PlotParts, colors: ChartColors) {
  const { ctx, bbox } = plot
  const { min = 0, max = 0 } = plot.scales.x ?? {}
  const flag = 4 * devicePixelRatio
  ctx.save()
  ctx.strokeStyle = colors.mark
  ctx.fillStyle = colors.mark
  ctx.lineWidth = devicePixelRatio
  ctx.globalAlpha = 0.75
  for (const mark of parts.marks()) {
    if (mark.at < min || mark.at > max) continue
    const x = Math.round(plot.valToPos(mark.at, 'x', true))
    ctx.beginPath()
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    ctx.beginPath()
    ctx.moveTo(x - flag, bbox.top - flag)
    ctx.lineTo(x + flag, bbox.top - flag)
    ctx.lineTo(x, bbox.top + flag)
    ctx.fill()
  }
  ctx.restore()
}
