import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { metricSetsQuery, placesQuery } from '../api/history-queries'
import { lastRunQuery, serverQuery } from '../api/queries'
import type { Run } from '../api/types'
import { type I18n, useI18n } from '../i18n'
import { paths } from '../lib/paths'

/**
 * Why nothing is known of a set: no plugin of it runs on the server, the server is not reached, or what the newest run said.
 * Nothing where it said nothing.
 */
export function AbsenceReason(props: { server: string; set: string; database?: string | undefined }) {
  const { t } = useI18n()
  const sets = useQuery(metricSetsQuery())
  const plugins = sets.data?.find((one) => one.name === props.set)?.plugins
  const { data: places } = useQuery(placesQuery(plugins))
  const plugin = places?.find(({ servers }) => servers.includes(props.server))?.plugin
  const { data: server } = useQuery(serverQuery(props.server))
  const isAsked = server?.state === 'ok' || server?.state === 'warning'
  const runs = useQuery({ ...lastRunQuery(props.server, plugin ?? ''), enabled: plugin !== undefined && isAsked })
  if (plugins?.length === 0) return <span className="text-warn">{t.explore.historyOnly}</span>
  if (plugins && places && plugin === undefined) return <RunsElsewhere plugins={plugins} server={props.server} />
  // Why that is, the page says above, once.
  if (server && !isAsked) return <span className="text-warn">{t.serverStates[server.state]}</span>
  const reasons = (runs.data ?? []).flatMap((run) => reasonsOf(run, props.set, props.database, t))
  if (reasons.length === 0) return null
  const text = [...new Set(reasons)].join('; ')
  // What a server says may be long; its place is small.
  return (
    <span className="line-clamp-6 break-words whitespace-normal text-warn" title={text}>
      {text}
    </span>
  )
}

function RunsElsewhere(props: { plugins: readonly string[]; server: string }) {
  const { t } = useI18n()
  return props.plugins.map((plugin) => (
    <span key={plugin} className="block break-words whitespace-normal text-warn">
      <Link to={paths.plugin(plugin)} className="underline">
        {plugin}
      </Link>{' '}
      {t.explore.notOn(props.server)}
    </span>
  ))
}

function reasonsOf(run: Run, set: string, database: string | undefined, t: I18n['t']): string[] {
  if (run.outcome !== 'collected') {
    const what = run.reason ? t.failureReasons[run.reason] : t.runOutcomes[run.outcome]
    return [run.detail ? `${what}: ${t.said(run.detail)}` : what]
  }
  // One without labels is of the whole set; one of another database says nothing about this one.
  return run.absences
    .filter(({ set: of, labels }) => of === set && (labels.length === 0 || labels.includes(database ?? '')))
    .map(({ reason, detail }) => `${t.absenceReasons[reason]}: ${t.said(detail)}`)
}
