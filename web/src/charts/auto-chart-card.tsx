import { useMemo } from 'react'
import type { SeriesResponse } from '../api/types'
import { type Column, DataTable } from '../blocks/data-table'
import { QueryView } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { ChartSkeleton } from '../ui/skeleton'
import type { AutoChart } from './auto-chart'
import { ChartFrame } from './chart-frame'
import { factText, seriesFacts } from './facts'
import { useMarks } from './marks'
import { type ChartWords, mergeOf, SERIES_MAX } from './model'
import { useSeen } from './seen'
import { useLines } from './use-lines'

export interface AutoChartCardProps {
  server: string
  chart: AutoChart
  title: string
  help: string
  /** `datname:app`; none: all series. */
  labels?: string | undefined
  onResetLabels?: () => void
  height?: number
  explore?: boolean
}

/** A chart of anything that a probe declares. */
export function AutoChartCard(props: AutoChartCardProps) {
  const { t } = useI18n()
  const { server, chart } = props
  const [card, seen] = useSeen()
  const marks = useMarks({ server })
  const names = useMemo(() => chart.metrics.map((metric) => metric.name), [chart])
  const words = useMemo(
    (): ChartWords => ({
      metric: (name) => name,
      label: (value) => (value === '' ? t.charts.noLabel : value),
      other: t.charts.other,
    }),
    [t],
  )
  const request = { server, set: chart.set.name, metrics: names, labels: props.labels, top: topOf(chart) }
  const { query, data, beforeFailed } = useLines({ request, shape: chart.shape, words, seen })
  const metric = names[0] ?? ''
  return (
    <ChartFrame
      frame={card}
      title={props.title}
      help={props.help}
      answer={query.data}
      data={data}
      marks={marks}
      beforeFailed={beforeFailed}
      zero={chart.zero}
      onReset={props.labels === undefined ? undefined : props.onResetLabels}
      {...(props.height === undefined ? {} : { height: props.height })}
      fileParts={[server, chart.set.name, names.join('-')]}
      {...(props.explore ? { explore: { server, set: chart.set.name, metric } } : {})}
      view={(draw) => (
        <QueryView query={query} skeleton={<ChartSkeleton />} small>
          {(answer) =>
            chart.kind === 'facts' && answer.series.length > 0 ? <Facts title={props.title} answer={answer} /> : draw()
          }
        </QueryView>
      )}
    />
  )
}

/** The host sums up what would be too many lines, where a sum says something and no label gathers them. */
function topOf({ kind, metrics, shape }: AutoChart): number | undefined {
  const [metric, ...others] = metrics
  if (metric === undefined || others.length > 0 || kind === 'facts' || shape.kind !== 'by-series') return undefined
  return mergeOf(metric) === 'sum' ? SERIES_MAX : undefined
}

interface FactRow {
  key: string
  labels: Record<string, string>
  metric: string
  value: string
}

/** What is a fact has its last value, not a line. */
function Facts({ title, answer }: { title: string; answer: SeriesResponse }) {
  const { t, u } = useI18n()
  const labels = Object.keys(answer.series[0]?.labels ?? {})
  const rows = answer.series.map((one): FactRow => {
    const unit = answer.metrics.find((metric) => metric.name === one.metric)?.unit ?? ''
    return {
      key: `${one.metric} ${JSON.stringify(one.labels)}`,
      labels: one.labels,
      metric: one.metric,
      value: factText(u, unit, seriesFacts(one.values).last),
    }
  })
  const columns: Column<FactRow>[] = [
    ...labels.map((label) => ({
      id: label,
      header: label,
      width: 140,
      cell: (row: FactRow) => row.labels[label] ?? '',
    })),
    { id: 'metric', header: t.explore.metric, width: 140, cell: (row) => row.metric },
    { id: 'value', header: t.explore.value, width: 200, numeric: true, cell: (row) => row.value },
  ]
  return (
    <DataTable
      label={`${title}: ${t.charts.values}`}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.key}
      rowHeight={28}
      allColumns
      maxHeightClass="h-[200px]"
    />
  )
}
