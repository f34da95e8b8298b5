import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { asProblem } from '../../api/problem'
import { serverQuery } from '../../api/queries'
import type { ServerStatus } from '../../api/types'
import { serverTabs } from '../../app/nav'
import { useUser } from '../../app/session-context'
import { useTime } from '../../app/time'
import { AbsenceReason } from '../../blocks/absence'
import { Age } from '../../blocks/age'
import { Fact } from '../../blocks/card'
import { LinkTabs } from '../../blocks/link-tabs'
import { NotCollected } from '../../blocks/not-collected'
import { PageHeader } from '../../blocks/page-header'
import {
  absenceOf,
  connectionCounts,
  diskUsage,
  outdatedSince,
  ServerStateBadge,
  useServerCause,
} from '../../blocks/server-state'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { usageTone } from '../../blocks/usage-bar'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useParam } from '../../lib/router-hooks'
import { buttonClass } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { ChartsPageSkeleton } from '../../ui/skeleton'

export function ServerPage() {
  const name = useParam('name')
  const query = useQuery(serverQuery(name))
  const { t } = useI18n()
  const mayEdit = canEditServers(useUser().role)
  const hasTime = useHasTime(name) && asProblem(query.error).status !== 404
  const isOverview = useLocation({ select: ({ pathname }) => pathname.replace(/\/$/, '') }) === paths.server(name)
  return (
    <>
      <PageHeader title={name} time={hasTime ? 'range' : undefined} note={query.data && <Note server={query.data} />}>
        {mayEdit && query.data && (
          <Link to={paths.editServer(name)} className={buttonClass('plain')}>
            <Icon name="edit" />
            {t.common.edit}
          </Link>
        )}
      </PageHeader>
      <QueryView query={query} skeleton={<ChartsPageSkeleton tabs />} notFoundText={t.server.notFound(name)}>
        {(server) => (
          <>
            <Trouble server={server} brief={!isOverview} />
            {/* On a narrow screen a tab would begin below its end. */}
            <div className={isOverview ? '' : 'max-sm:hidden'}>
              <NotCollected server={server} />
              <HeaderCards server={server} />
            </div>
            <Tabs name={server.name} />
            {server.state === 'pending' ? (
              <EmptyState title={t.server.pendingTitle} text={t.server.pendingText} />
            ) : (
              <Outlet />
            )}
          </>
        )}
      </QueryView>
    </>
  )
}

/** The host judges the use of databases over a time of its own, unless one names another. */
function useHasTime(name: string): boolean {
  const { usual } = useTime()
  const isAnalysis = useLocation({ select: ({ pathname }) => pathname === paths.serverAnalysis(name) })
  return !isAnalysis || !usual
}

function Note({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <ServerStateBadge server={server} />
      <span className="break-all">
        {server.host}:{server.port}
      </span>
      {server.tags.map((tag) => (
        <span key={tag} className="rounded bg-sunken px-1.5 text-xs">
          {tag}
        </span>
      ))}
      {server.checked_at && (
        <span className="text-xs">
          <Age at={server.checked_at} />
        </span>
      )}
      {server.tls === false && <span className="text-xs text-warn">{t.server.tlsOff}</span>}
    </span>
  )
}

/** Old numbers must not pass for fresh ones: what is wrong stands above them. */
function Trouble({ server, brief }: { server: ServerStatus; brief: boolean }) {
  const { t } = useI18n()
  const cause = useServerCause(server)
  const texts = [
    // Nothing is known of one that never answered.
    server.state === 'unreachable' && server.version ? t.server.unreachableBanner : '',
    server.superuser === true ? t.server.superuser : '',
  ].filter((text) => text !== '')
  if (cause === '' && texts.length === 0) return null
  const bad = server.state === 'unreachable'
  return (
    <div
      role={bad ? 'alert' : 'status'}
      className={`mb-3 flex gap-2 rounded-md px-3 py-2 ${bad ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn'}`}
    >
      <Icon name="warning" className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 break-words">
        {cause !== '' && <strong className="font-semibold">{cause}. </strong>}
        <span className={brief && cause !== '' ? 'max-sm:hidden' : ''}>
          {server.state !== 'ok' && server.detail && `${sentence(t.said(server.detail))} `}
          {texts.join(' ')}
        </span>
      </div>
    </div>
  )
}

/** What the host says begins small and ends without a stop, as it may stand within more. */
const sentence = (text: string): string =>
  text.charAt(0).toLocaleUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.')

function HeaderCards({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  const counts = connectionCounts(server)
  const used = diskUsage(server)
  const diskSince = outdatedSince(server, 'filesystem')
  const tone = used === null ? 'ok' : usageTone(used)
  const unreachable = server.state === 'unreachable' ? t.serverStates.unreachable : undefined
  const role = server.in_recovery == null ? undefined : server.in_recovery ? t.server.standby : t.server.primary
  return (
    <dl className="mb-3 grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-6">
      <Fact
        label={t.server.version}
        value={server.version?.split(' ')[0] ?? u.integer(null)}
        note={role ?? unreachable}
      />
      <Fact
        label={t.server.uptime}
        value={u.hours(server.uptime_hours)}
        note={server.uptime_hours == null ? unreachable : server.tls === true ? t.server.tlsOn : undefined}
      />
      <Fact
        label={t.server.connections}
        value={u.integer(counts?.total)}
        note={
          counts ? (
            t.servers.active(u.integer(counts.active))
          ) : (
            <AbsenceReason server={server.name} set="pg_stat_activity" />
          )
        }
      />
      <Fact
        label={t.server.transactions}
        value={u.rate(server.transactions_per_second)}
        note={server.transactions_per_second == null ? unreachable : undefined}
      />
      <Fact
        label={t.server.size}
        value={u.bytes(server.size_bytes)}
        note={server.databases_count == null ? unreachable : t.server.databasesCount(server.databases_count)}
      />
      <Fact
        label={t.server.disk}
        value={u.bytes(server.free_space)}
        note={
          used === null ? (
            absenceOf(server, 'filesystem', t)
          ) : (
            <>
              {u.percent(1 - used)} / {u.bytes(server.total_space)}
              {diskSince && <Age at={diskSince} className="block text-warn" />}
            </>
          )
        }
        tone={tone === 'ok' ? undefined : tone}
      />
    </dl>
  )
}

function Tabs({ name }: { name: string }) {
  const { t } = useI18n()
  return <LinkTabs label={t.server.tabsLabel} tabs={serverTabs(name, t.server.tabs)} />
}
