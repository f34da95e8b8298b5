import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { labelMatcher } from '../api/label-matcher'
import { seriesQuery } from '../api/queries'
import { useTime } from '../app/time'
import { QueryView } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { comparedQuery, comparisonSeconds } from '../lib/time-range'
import { ChartSkeleton } from '../ui/skeleton'
import { ChartFrame } from './chart-frame'
import type { ChartDefinition } from './definitions'
import { useMarks } from './marks'
import { type ChartShape, type ChartWords, chartData, SERIES_MAX, withCompared } from './model'
import { useSeen } from './seen'

interface ChartCardProps {
  definition: ChartDefinition
  server: string
  /** Only this database's series. */
  database?: string
}

/** What would be summed up here, the host sums up: it looks at more series than one answer holds. */
const gathered = ({ kind }: ChartShape) =>
  kind === 'by-metric' || kind === 'ratio' ? { sum: true } : { top: SERIES_MAX }

/** One chart of what a probe of ours declares. Loads when it comes into view. */
export function ChartCard(props: ChartCardProps) {
  const { t } = useI18n()
  const { definition, server } = props
  const { range, comparison } = useTime()
  const [card, seen] = useSeen()
  const marks = useMarks({ server })
  const request = {
    server,
    set: definition.set,
    metrics: definition.metrics,
    labels: props.database === undefined ? undefined : labelMatcher('datname', props.database),
    ...gathered(definition.shape),
  }
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
    const names: Record<string, string> = t.charts.metrics
    const words: ChartWords = {
      metric: (name) => names[name] ?? name,
      label: (value) => (value === '' ? t.charts.shared : value),
      other: t.charts.other,
    }
    const shaped = chartData(query.data, definition.shape, definition.metrics, words)
    if (earlier === 0 || compared === undefined) return shaped
    const shapedBefore = chartData(compared, definition.shape, definition.metrics, words)
    return withCompared(shaped, shapedBefore, earlier, query.data.interval_seconds)
  }, [query.data, compared, earlier, definition, t])
  const title = String(t.charts[definition.title])
  return (
    <ChartFrame
      frame={card}
      title={title}
      help={String(t.charts[definition.help])}
      answer={query.data}
      data={data}
      marks={marks}
      zero={definition.zero}
      database={props.database}
      fileParts={[server, ...(props.database === undefined ? [] : [props.database]), definition.id]}
      explore={{ server, set: definition.set, metric: definition.metrics[0] ?? '' }}
      view={(draw) => (
        <QueryView query={query} skeleton={<ChartSkeleton />} small>
          {draw}
        </QueryView>
      )}
    />
  )
}
