import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { seriesQuery } from '../api/queries'
import type { SeriesResponse } from '../api/types'
import { useTime } from '../app/time'
import { type Column, DataTable } from '../blocks/data-table'
import { QueryView } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { comparedQuery, comparisonSeconds } from '../lib/time-range'
import { ChartSkeleton } from '../ui/skeleton'
import type { AutoChart } from './auto-chart'
import { ChartFrame } from './chart-frame'
import { seriesFacts } from './facts'
import { useMarks } from './marks'
import { type ChartWords, chartData, mergeOf, SERIES_MAX, withCompared } from './model'
import { useSeen } from './seen'

export interface AutoChartCardProps {
  server: string
  chart: AutoChart
  title: string
  help: string
  /** `datname:app`; none: all series. */
  labels?: string | undefined
  height?: number
  explore?: boolean
}

/** A chart of anything that a probe declares. */
export function AutoChartCard(props: AutoChartCardProps) {
  const { t } = useI18n()
  const { server, chart } = props
  const { range, comparison } = useTime()
  const [card, seen] = useSeen()
  const marks = useMarks({ server })
  const names = useMemo(() => chart.metrics.map((metric) => metric.name), [chart])
  const request = { server, set: chart.set.name, metrics: names, labels: props.labels, top: topOf(chart) }
  const query = useQuery({ ...seriesQuery(request, range), enabled: seen })
  const earlier = comparison === undefined ? 0 : comparisonSeconds(comparison, range)
  const before = useQuery({
    ...seriesQuery(request, range, comparedQuery(range, earlier)),
    enabled: seen && earlier > 0,
  })
  // Moved by the length of another comparison it would stand at wrong times.
  const compared = before.isPlaceholderData ? undefined : before.data
  const data = useMemo(() => {
    if (query.data === undefined) return undefined
    const words: ChartWords = {
      metric: (name) => name,
      label: (value) => (value === '' ? t.charts.noLabel : value),
      other: t.charts.other,
    }
    const shaped = chartData(query.data, chart.shape, names, words)
    if (earlier === 0 || compared === undefined) return shaped
    const shapedBefore = chartData(compared, chart.shape, names, words)
    return withCompared(shaped, shapedBefore, earlier, query.data.interval_seconds)
  }, [query.data, compared, earlier, chart, names, t])
  const metric = names[0] ?? ''
  return (
    <ChartFrame
      frame={card}
      title={props.title}
      help={props.help}
      answer={query.data}
      data={data}
      marks={marks}
      zero={chart.zero}
      {...(props.height === undefined ? {} : { height: props.height })}
      fileParts={[server, chart.set.name, names.join('-')]}
      {...(props.explore ? { explore: { server, set: chart.set.name, metric } } : {})}
      view={(draw) => (
        <QueryView query={query} skeleton={<ChartSkeleton />} small>
          {(answer) => (chart.kind === 'facts' ? <Facts title={props.title} answer={answer} /> : draw())}
        </QueryView>
      )}
    />
  )
}

/** The host sums up what would be too many lines, where a sum says something and no label gathers them. */
function topOf({ kind, metrics, shape }: AutoChart): number | undefined {
  const [metric, ...others] = metrics
  if (metric === undefined || others.length > 0 || kind === 'facts' || shape.kind !== 'by-series') return undefined
  return mergeOf(metric.unit) === 'sum' ? SERIES_MAX : undefined
}

interface FactRow {
  key: string
  labels: Record<string, string>
  metric: string
  value: number | null
}

/** What is a fact has its last value, not a line. */
function Facts({ title, answer }: { title: string; answer: SeriesResponse }) {
  const { t, u } = useI18n()
  const labels = Object.keys(answer.series[0]?.labels ?? {})
  const rows = answer.series.map((one): FactRow => {
    const { last } = seriesFacts(one.values)
    return { key: `${one.metric} ${JSON.stringify(one.labels)}`, labels: one.labels, metric: one.metric, value: last }
  })
  const columns: Column<FactRow>[] = [
    ...labels.map((label) => ({
      id: label,
      header: label,
      width: 140,
      cell: (row: FactRow) => row.labels[label] ?? '',
    })),
    { id: 'metric', header: t.explore.metric, width: 140, cell: (row) => row.metric },
    { id: 'value', header: t.explore.value, width: 120, numeric: true, cell: (row) => u.count(row.value) },
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
