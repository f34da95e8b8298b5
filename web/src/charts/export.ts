import type uPlot from 'uplot'
import { csvText } from '../lib/csv'
import { fullWallText, offsetText, type Zone } from '../lib/zone'
import { lineNumber } from './line-looks'
import type { ChartData } from './model'
import { type ChartColors, lineColor, lineDash, readChartColors } from './theme'

/** One row per time, in the zone that the page shows, with its offset. */
export function chartCsv(data: ChartData, timeHeader: string, beforeWord: string, zone: Zone): string {
  const header = [
    timeHeader,
    ...data.series.map((one) => one.label),
    ...data.compared.map((one) => `${one.label} (${beforeWord})`),
  ]
  const rows = data.timestamps.map((at, index) => [
    `${fullWallText(at * 1_000, zone)} ${offsetText(at * 1_000, zone)}`,
    ...[...data.series, ...data.compared].map((one) => one.values[index]),
  ])
  return csvText(header, rows)
}

const PADDING = 12
const TITLE_HEIGHT = 40
const LEGEND_LINE = 18

/** The chart as it is seen, with its title and legend on the colour of its panel. */
export function chartPicture(plot: uPlot, title: string, note: string, data: ChartData): Promise<Blob> {
  const ratio = devicePixelRatio
  const colors = readChartColors(plot.root)
  const source = plot.ctx.canvas
  const width = source.width / ratio + 2 * PADDING
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')
  if (context === null) return Promise.reject(new Error('the browser gives no canvas'))
  const family = getComputedStyle(plot.root).fontFamily
  context.font = `12px ${family}`
  const lines = legendLines(data, width - 2 * PADDING, (text) => context.measureText(text).width)
  const height = TITLE_HEIGHT + source.height / ratio + lines.length * LEGEND_LINE + 2 * PADDING
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  context.fillStyle = colors.panel
  context.fillRect(0, 0, width, height)
  context.fillStyle = colors.ink
  context.font = `600 14px ${family}`
  context.fillText(title, PADDING, PADDING + 12)
  context.fillStyle = colors.axis
  context.font = `11px ${family}`
  context.fillText(note, PADDING, PADDING + 28)
  context.drawImage(source, PADDING, PADDING + TITLE_HEIGHT - 6, source.width / ratio, source.height / ratio)
  context.font = `12px ${family}`
  lines.forEach((line, row) => {
    const y = PADDING + TITLE_HEIGHT + source.height / ratio + row * LEGEND_LINE + 8
    for (const { label, index, x } of line) {
      drawSwatch(context, colors, lineNumber(data, index), PADDING + x + 4, y - 4)
      context.fillStyle = colors.ink
      context.fillText(label, PADDING + x + 13, y)
    }
  })
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('the picture could not be made')) : resolve(blob)))
  })
}

/** As on the page: a dot, and a ring for a line with dashes. */
function drawSwatch(context: CanvasRenderingContext2D, colors: ChartColors, line: number, x: number, y: number): void {
  const color = lineColor(colors, line)
  const isRing = lineDash(line) !== undefined
  context.beginPath()
  context.arc(x, y, isRing ? 3 : 4, 0, 2 * Math.PI)
  context.fillStyle = isRing ? colors.panel : color
  context.fill()
  context.strokeStyle = color
  context.lineWidth = 2
  if (isRing) context.stroke()
}

interface LegendEntry {
  label: string
  index: number
  x: number
}

function legendLines(data: ChartData, width: number, measure: (text: string) => number): LegendEntry[][] {
  if (data.series.length < 2) return []
  const lines: LegendEntry[][] = [[]]
  let x = 0
  data.series.forEach(({ label }, index) => {
    const length = measure(label) + 30
    if (x + length > width && x > 0) {
      lines.push([])
      x = 0
    }
    lines.at(-1)?.push({ label, index, x })
    x += length
  })
  return lines
}
