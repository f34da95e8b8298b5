import { useQuery } from '@tanstack/react-query'
import { metricSetsQuery } from '../api/history-queries'
import { lastRunQuery, serverQuery } from '../api/queries'
import type { Run } from '../api/types'
import { type I18n, useI18n } from '../i18n'

/** Why nothing is known of a set: what the newest run of its plugin said. Nothing where it said nothing. */
export function AbsenceReason(props: { server: string; set: string; database?: string | undefined }) {
  const { t } = useI18n()
  const sets = useQuery(metricSetsQuery())
  const plugin = sets.data?.find((one) => one.name === props.set)?.plugins[0]
  const unreachable = useQuery(serverQuery(props.server)).data?.state === 'unreachable'
  const runs = useQuery({
    ...lastRunQuery(props.server, plugin ?? ''),
    enabled: plugin !== undefined && !unreachable,
  })
  // Why that is, its page says above, once.
  if (unreachable) return <span className="text-warn">{t.serverStates.unreachable}</span>
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
