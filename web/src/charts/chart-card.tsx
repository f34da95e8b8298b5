import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { labelMatcher } from '../api/label-matcher'
import { seriesQuery } from '../api/queries'
import { type Column, DataTable } from '../blocks/data-table'
import { QueryView } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { formatValue } from '../lib/units'
import { type RangeSearch, rangeToSearch } from '../lib/url-state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { ChartSkeleton } from '../ui/skeleton'
import type { ChartDefinition } from './definitions'
import { type ChartData, type ChartWords, chartData, hasValues, seriesFacts } from './model'

const TimeChart = lazy(() => import('./time-chart').then((module) => ({ default: module.TimeChart })))

interface ChartCardProps {
  definition: ChartDefinition
  server: string
  /** Only this database's series. */
  database?: string
  search: RangeSearch
  onRange: (search: RangeSearch) => void
}

/** One chart with its title, its states, its table and its words for screen readers. Loads when it comes into view. */
export function ChartCard(props: ChartCardProps) {
  const { t } = useI18n()
  const { definition } = props
  const [asTable, setAsTable] = useState(false)
  const [card, seen] = useSeen()
  const request = {
    server: props.server,
    set: definition.set,
    metrics: definition.metrics,
    labels: props.database === undefined ? undefined : labelMatcher('datname', props.database),
  }
  const query = useQuery({ ...seriesQuery(request, props.search), enabled: seen })
  const title = String(t.charts[definition.title])
  return (
    <section ref={card} aria-label={title} className="min-w-0 rounded-lg border border-line bg-panel">
      <div className="flex items-start gap-2 px-3 pt-2">
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">{title}</h2>
          <p className="text-xs text-dim">
            {String(t.charts[definition.help])}
            {query.data && ` · ${t.charts.resolution[query.data.resolution]}`}
            {query.data && query.data.series_left_out > 0 && (
              <span className="text-warn"> · {t.charts.leftOut(query.data.series_left_out)}</span>
            )}
          </p>
        </div>
        <Button
          look="quiet"
          className="px-1.5"
          aria-pressed={asTable}
          aria-label={`${title}: ${asTable ? t.charts.showChart : t.charts.showTable}`}
          title={asTable ? t.charts.showChart : t.charts.showTable}
          onClick={() => setAsTable(!asTable)}
        >
          <Icon name={asTable ? 'chart' : 'table'} />
        </Button>
      </div>
      <div className="min-h-[212px] p-2">
        <QueryView query={query} skeleton={<ChartSkeleton />}>
          {(answer) => <ChartBody {...props} title={title} answer={answer} asTable={asTable} />}
        </QueryView>
      </div>
    </section>
  )
}

function ChartBody(
  props: ChartCardProps & { title: string; asTable: boolean; answer: Parameters<typeof chartData>[0] },
) {
  const { t } = useI18n()
  const { definition, answer } = props
  const data = useMemo(() => {
    const names: Record<string, string> = t.charts.metrics
    const words: ChartWords = {
      metric: (name) => names[name] ?? name,
      label: (value) => (value === '' ? t.charts.shared : value),
      other: t.charts.other,
    }
    return chartData(answer, definition.shape, definition.metrics, words)
  }, [answer, definition, t])
  if (!hasValues(data)) {
    const few = answer.timestamps.length > 0 && answer.metrics.some((metric) => metric.kind === 'counter')
    return (
      <p className="grid h-[180px] place-items-center px-4 text-center text-dim">
        {few ? t.charts.oneSample : t.charts.noSamples}
      </p>
    )
  }
  const zoom = (from: number, to: number) =>
    props.onRange(rangeToSearch({ kind: 'absolute', from: Math.round(from) * 1_000, to: Math.round(to) * 1_000 }))
  return (
    <>
      <Summary title={props.title} data={data} />
      {props.asTable ? (
        <ChartTable title={props.title} data={data} />
      ) : (
        <Suspense fallback={<ChartSkeleton />}>
          <TimeChart title={props.title} data={data} zero={definition.zero} syncKey={props.server} onZoom={zoom} />
        </Suspense>
      )}
    </>
  )
}

/** What the lines say, in words. */
function Summary(props: { title: string; data: ChartData }) {
  const { t, u } = useI18n()
  const { data } = props
  const say = (value: number | null) => formatValue(u, data.format, value)
  return (
    <div className="sr-only">
      <p>{t.charts.summary(props.title, data.series.length)}</p>
      <ul>
        {data.series.map((series) => {
          const facts = seriesFacts(series.values)
          return (
            <li key={series.key}>
              {t.charts.seriesSummary(series.label, say(facts.last), say(facts.min), say(facts.max))}
            </li>
          )
        })}
      </ul>
    </div>
  )
}

function ChartTable(props: { title: string; data: ChartData }) {
  const { t, u } = useI18n()
  const { data } = props
  const rows = useMemo(() => data.timestamps.map((at, index) => ({ at, index })).toReversed(), [data])
  const columns: Column<{ at: number; index: number }>[] = [
    { id: 'time', header: t.charts.time, cell: (row) => u.dateTime(row.at * 1_000), className: 'w-44' },
    ...data.series.map((series) => ({
      id: series.key,
      header: series.label,
      numeric: true,
      className: 'w-28',
      cell: (row: { index: number }) => formatValue(u, data.format, series.values[row.index]),
    })),
  ]
  return (
    <DataTable
      label={`${props.title}: ${t.charts.values}`}
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.at)}
      rowHeight={28}
      maxHeightClass="h-[200px]"
    />
  )
}

/** Whether the element has ever been near the view; a long page asks for its charts as they are reached. */
function useSeen(): [React.RefObject<HTMLElement | null>, boolean] {
  const element = useRef<HTMLElement>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!element.current || seen) return
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true),
      { rootMargin: '300px' },
    )
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [seen])
  return [element, seen]
}
