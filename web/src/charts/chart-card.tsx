import { useMemo } from 'react'
import { labelMatcher } from '../api/label-matcher'
import { QueryView } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { ChartSkeleton } from '../ui/skeleton'
import { ChartFrame } from './chart-frame'
import type { ChartDefinition } from './definitions'
import { useMarks } from './marks'
import { type ChartShape, type ChartWords, SERIES_MAX } from './model'
import { useSeen } from './seen'
import { useLines } from './use-lines'

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
  const [card, seen] = useSeen()
  const marks = useMarks({ server })
  const words = useMemo((): ChartWords => {
    const names: Record<string, string> = t.charts.metrics
    return {
      metric: (name) => names[name] ?? name,
      label: (value) => (value === '' ? t.charts.shared : value),
      other: t.charts.other,
    }
  }, [t])
  const request = {
    server,
    set: definition.set,
    metrics: definition.metrics,
    labels: props.database === undefined ? undefined : labelMatcher('datname', props.database),
    ...gathered(definition.shape),
  }
  const { query, data, beforeFailed } = useLines({ request, shape: definition.shape, words, seen })
  const title = String(t.charts[definition.title])
  return (
    <ChartFrame
      frame={card}
      title={title}
      help={String(t.charts[definition.help])}
      answer={query.data}
      data={data}
      marks={marks}
      beforeFailed={beforeFailed}
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
