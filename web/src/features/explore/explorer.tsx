import { Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import type { DeclaredSet, MetricDeclaration } from '../../api/types'
import { EmptyState } from '../../blocks/state-view'
import { autoCharts, chartOf } from '../../charts/auto-chart'
import { AutoChartCard } from '../../charts/auto-chart-card'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useUrlState } from '../../lib/router-hooks'
import { choiceOf } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { kindAndUnit } from '../plugins/probe-words'
import { EXPLORE_IN_URL, type KnownSet, knownSets, labelsInUrl } from './explore-model'
import { LabelFilters } from './label-filters'
import { SetList } from './set-list'

/** Search at the left, charts at the right; all of it is in the URL. */
export function Explorer(props: { server: string; sets: readonly DeclaredSet[]; children?: ReactNode }) {
  const { t, locale } = useI18n()
  const [search, setSearch] = useUrlState(EXPLORE_IN_URL)
  const sets = useMemo(() => knownSets(props.sets, locale), [props.sets, locale])
  const chosen = sets.find((known) => known.set.name === search.set)
  const metric = chosen?.set.metrics.find((one) => one.name === search.metric)
  const choose = (set: string | undefined, name?: string) =>
    setSearch({ set, metric: name, l: undefined, by: undefined }, 'push')
  const unknown = (text: string, known?: string) => (
    <EmptyState title={t.explore.unknownTitle} text={text}>
      <Button onClick={() => choose(known)}>{t.common.resetFilters}</Button>
    </EmptyState>
  )
  return (
    <div className="grid items-start gap-3 lg:grid-cols-[17rem_minmax(0,1fr)]">
      <SetList
        sets={sets}
        text={search.q ?? ''}
        set={search.set}
        metric={search.metric}
        onText={(q) => setSearch({ q })}
        onChoose={choose}
      >
        {props.children}
      </SetList>
      <div className="min-w-0">
        {search.set === undefined ? (
          <NothingChosen />
        ) : chosen === undefined ? (
          unknown(t.explore.unknownText(search.set))
        ) : metric !== undefined ? (
          <OneMetric server={props.server} known={chosen} metric={metric} />
        ) : search.metric === undefined ? (
          <SetCharts server={props.server} known={chosen} />
        ) : (
          unknown(t.explore.unknownMetric(search.set, search.metric), search.set)
        )}
      </div>
    </div>
  )
}

const NO_LABELS = labelsInUrl([])
const NO_SET = { metric: choiceOf([]), ...NO_LABELS }

function NothingChosen() {
  const { t } = useI18n()
  useUrlState(NO_SET)
  return <EmptyState title={t.explore.chooseTitle} text={t.explore.chooseText} />
}

/** All metrics of a set. */
function SetCharts({ server, known }: { server: string; known: KnownSet }) {
  const { t } = useI18n()
  useUrlState(NO_LABELS)
  const charts = useMemo(() => autoCharts(known.set), [known])
  return (
    <>
      <SetHeading known={known} />
      <div className="grid gap-3 xl:grid-cols-2">
        {charts.map((chart) => {
          const [first] = chart.metrics
          const isFamily = chart.metrics.length > 1
          return (
            <AutoChartCard
              key={chart.id}
              server={server}
              chart={chart}
              title={isFamily || first === undefined ? t.explore.family(chart.metrics.length) : first.name}
              help={first === undefined || isFamily ? known.help : known.metricHelp(first)}
              explore={!isFamily}
            />
          )
        })}
      </div>
    </>
  )
}

function SetHeading({ known }: { known: KnownSet }) {
  const { t, u } = useI18n()
  const { plugins, interval_ms: interval } = known.set
  return (
    <div className="mb-2 flex flex-wrap items-baseline gap-x-3">
      <h2 className="font-mono text-base font-semibold break-all">{known.set.name}</h2>
      <p className="text-dim">{known.help}</p>
      <p className="text-xs text-dim">
        {known.set.labels.length > 0 && `${t.plugins.labels}: ${known.set.labels.join(', ')} · `}
        {interval == null ? '' : `${t.explore.every(u.duration(interval))} · `}
        {plugins.length === 0 ? (
          <span className="text-warn">{t.explore.historyOnly}</span>
        ) : (
          plugins.map((plugin) => (
            <Link key={plugin} to={paths.plugin(plugin)} className="mr-1.5 text-accent-strong underline">
              {plugin}
            </Link>
          ))
        )}
      </p>
    </div>
  )
}

/** One metric, large, with its labels to filter and to split by. */
function OneMetric(props: { server: string; known: KnownSet; metric: MetricDeclaration }) {
  const { t } = useI18n()
  const { server, known, metric } = props
  const { labels } = known.set
  const [chosen, choose] = useUrlState(useMemo(() => labelsInUrl(labels), [labels]))
  const chart = useMemo(() => chartOf(known.set, metric, chosen.by), [known, metric, chosen.by])
  return (
    <>
      <SetHeading known={known} />
      <LabelFilters server={server} set={known.set} metric={metric.name} chosen={chosen} onChoose={choose} />
      <AutoChartCard
        server={server}
        chart={chart}
        title={metric.name}
        help={`${known.metricHelp(metric)} (${kindAndUnit(metric, t.plugins)})`}
        labels={chosen.l}
        onResetLabels={() => choose({ l: undefined })}
        height={340}
      />
    </>
  )
}
