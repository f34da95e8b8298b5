import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type CostsFilter, costsQuery } from '../../api/history-queries'
import type { CostItem, Costs } from '../../api/types'
import { useTime } from '../../app/time'
import { QueryView } from '../../blocks/state-view'
import { ChartFrame } from '../../charts/chart-frame'
import { withCompared } from '../../charts/compare'
import { useMarks } from '../../charts/marks'
import { useSeen } from '../../charts/seen'
import { useI18n } from '../../i18n'
import type { Messages } from '../../i18n/en/en'
import { comparedQuery, comparisonSeconds } from '../../lib/time-range'
import type { ValueFormat } from '../../lib/units'
import { ChartSkeleton } from '../../ui/skeleton'
import { HOUR_SECONDS, type HourlyLine, hourlyData, isFailure } from './costs-model'

interface HourlyChart {
  id: 'busy' | 'runs'
  format: ValueFormat
  lines: (items: readonly CostItem[], filter: CostsFilter, words: Messages['costs']) => HourlyLine[]
}

const MICROSECONDS = 1_000_000

const CHARTS: readonly HourlyChart[] = [
  {
    id: 'busy',
    format: 'seconds',
    // Of a server, by plugin; of a plugin, all its servers together and the host beside them.
    lines: (items, { server }, words) =>
      server === undefined
        ? [
            { key: 'server', label: words.lines.server, value: (item) => item.cost.host_call_us / MICROSECONDS },
            { key: 'cpu', label: words.lines.cpu, value: (item) => item.cost.cpu_us / MICROSECONDS },
          ]
        : [...new Set(items.map((item) => item.plugin))].map((plugin) => ({
            key: plugin,
            label: plugin,
            value: (item) => (item.plugin === plugin ? item.cost.host_call_us / MICROSECONDS : 0),
          })),
  },
  {
    id: 'runs',
    format: 'count',
    lines: (_, __, words) => [
      { key: 'runs', label: words.columns.runs, value: (item) => item.runs },
      { key: 'failed', label: words.columns.failed, value: (item) => (isFailure(item) ? item.runs : 0) },
    ],
  },
]

/** What monitoring costs hour by hour: whether a new version made it dearer. */
export function CostsCharts(props: CostsFilter) {
  return (
    <div className="mb-3 grid gap-3 md:grid-cols-2">
      {CHARTS.map((chart) => (
        <HourlyCard key={chart.id} chart={chart} filter={props} />
      ))}
    </div>
  )
}

function HourlyCard({ chart, filter }: { chart: HourlyChart; filter: CostsFilter }) {
  const { t } = useI18n()
  const { range, comparison } = useTime()
  const [card, seen] = useSeen()
  const marks = useMarks(filter)
  const query = useQuery({ ...costsQuery(filter, range, 'hour'), enabled: seen })
  const earlier = comparison === undefined ? 0 : comparisonSeconds(comparison, range)
  const before = useQuery({
    ...costsQuery(filter, range, 'hour', comparedQuery(range, earlier)),
    enabled: seen && earlier > 0,
  })
  const compared = before.isPlaceholderData ? undefined : before.data
  const { server, plugin } = filter
  const data = useMemo(() => {
    if (query.data === undefined) return undefined
    const lines = chart.lines(query.data.items, { server, plugin }, t.costs)
    const drawn = (costs: Costs) => hourlyData(costs, lines, chart.format)
    const now = drawn(query.data)
    if (earlier === 0 || compared === undefined) return now
    return withCompared(now, drawn(compared), earlier, HOUR_SECONDS)
  }, [query.data, compared, earlier, chart, server, plugin, t])
  const { title, help } = t.costs.charts[chart.id]
  return (
    <ChartFrame
      frame={card}
      title={title}
      help={help}
      answer={undefined}
      data={data}
      marks={marks}
      beforeFailed={earlier > 0 && before.isError}
      zero
      fileParts={[server ?? plugin ?? '', chart.id]}
      view={(draw) => (
        <QueryView query={query} skeleton={<ChartSkeleton />} small>
          {draw}
        </QueryView>
      )}
    />
  )
}
