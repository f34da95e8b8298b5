import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { runsQuery } from '../../api/queries'
import type { Run, ServerStatus } from '../../api/types'
import { Age } from '../../blocks/age'
import { CopyButton } from '../../blocks/copy-button'
import { connectionCounts } from '../../blocks/server-state'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { grantsIn } from '../../lib/grants'
import { groupBy } from '../../lib/group'
import { paths } from '../../lib/paths'
import { buttonClass } from '../../ui/button'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { TextSkeleton } from '../../ui/skeleton'
import { RunBadge } from '../runs/runs-view'
import { byCause, newestOfEach } from './newest'

/** While one waits, a second is long. */
export const ASK_EVERY_MS = 2_000

/** The first run of each plugin as it arrives, with the statement that would help where one failed. */
export function FirstSample({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  const query = useQuery({ ...runsQuery({ server: server.name }), refetchInterval: ASK_EVERY_MS })
  return (
    <QueryView query={query} skeleton={<TextSkeleton />}>
      {(runs) => {
        const newest = newestOfEach(runs)
        const hasValues = newest.some((run) => run.outcome === 'collected')
        return (
          <div className="grid gap-4">
            {newest.length === 0 ? (
              <p role="status" className="flex items-center gap-2.5 text-dim">
                <span className="size-2 animate-pulse rounded-full bg-bar-ok" />
                {t.setup.waiting}
              </p>
            ) : (
              <ul className="overflow-hidden rounded-lg border border-line bg-panel">
                {byCause(newest).map(({ run, plugins }) => (
                  <FirstRun key={run.plugin} run={run} plugins={plugins} />
                ))}
              </ul>
            )}
            {hasValues && <Done server={server} partly={newest.some((run) => run.absences.length > 0)} />}
            <div className="flex flex-wrap gap-2">
              <Link to={paths.server(server.name)} className={buttonClass(hasValues ? 'primary' : 'plain')}>
                {t.setup.open}
              </Link>
              <Link to={paths.editServer(server.name)} className={buttonClass('plain')}>
                {t.setup.change}
              </Link>
            </div>
          </div>
        )
      }}
    </QueryView>
  )
}

/** A run, which stands for those of all `plugins`. */
function FirstRun({ run, plugins }: { run: Run; plugins: readonly string[] }) {
  const { t } = useI18n()
  const detail = run.detail ?? ''
  const absences = [
    ...groupBy(run.absences, ({ reason, detail: why }) => `${t.absenceReasons[reason]}: ${t.said(why)}`),
  ]
  const grants = [...new Set([detail, ...run.absences.map((absence) => absence.detail)].flatMap(grantsIn))]
  return (
    <li className="border-b border-line px-3 py-2 last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-40 break-words font-medium">{plugins.join(', ')}</span>
        <RunBadge run={run} />
        {run.outcome === 'collected' && <span className="text-dim">{t.setup.values(run.values ?? 0)}</span>}
        <Age at={run.started_at} className="ml-auto text-xs text-dim" />
      </div>
      {detail !== '' && <p className="mt-1 break-words text-dim">{t.said(detail)}</p>}
      {absences.map(([why, ones]) => (
        <p key={why} className="mt-1 break-words text-dim">
          <code className="font-mono text-xs">{[...new Set(ones.map(({ set }) => set))].join(', ')}</code> {why}
        </p>
      ))}
      {grants.length > 0 && (
        <div className="mt-1.5 grid gap-1.5">
          <pre className="rounded-md border border-line bg-sunken p-2 font-mono text-xs break-words whitespace-pre-wrap">
            {grants.join('\n')}
          </pre>
          <div>
            <CopyButton text={grants.join('\n')} label={t.form.copySql} />
          </div>
        </div>
      )}
    </li>
  )
}

function Done({ server, partly }: { server: ServerStatus; partly: boolean }) {
  const { t, u } = useI18n()
  const version = server.version?.split(' ')[0]
  const total = connectionCounts(server)?.total
  const text =
    version === undefined
      ? t.setup.collected
      : total === undefined
        ? t.setup.answers(version)
        : t.setup.firstNumbers(version, u.integer(total))
  return (
    <p
      role="status"
      className={cx(
        'flex items-center gap-2.5 rounded-md px-3 py-2',
        partly ? 'bg-warn-soft text-warn' : 'bg-ok-soft text-ok',
      )}
    >
      <Icon name={partly ? 'warning' : 'check'} />
      {partly ? `${text} ${t.server.notCollected}.` : text}
    </p>
  )
}
