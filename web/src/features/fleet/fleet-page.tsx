import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { serversQuery } from '../../api/queries'
import type { Condition, ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Card } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { CONDITIONS } from '../../blocks/server-state'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useFromNow, useNow } from '../../lib/now'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { choiceOf } from '../../lib/url-state'
import { buttonClass } from '../../ui/button'
import { cx } from '../../ui/classes'
import { Segmented } from '../../ui/segmented'
import { FleetSkeleton } from '../../ui/skeleton'
import { Busiest } from './busiest'
import { FleetMap } from './fleet-map'
import { incompleteOf, type Judged, judge, oldest, SET_OF, totals, VIEWS, worstFirst } from './fleet-model'
import { History } from './history'
import { Partial } from './partial'
import { RecentEvents } from './recent-events'
import { WorstList } from './worst-list'

/** The whole fleet at a glance: how many are well, which are not, and what happened last. */
export function FleetPage() {
  const { t } = useI18n()
  const query = useQuery(serversQuery())
  const [view] = useView()
  return (
    <>
      <PageHeader
        title={t.fleet.title}
        time={view === 'history' ? 'range' : 'live'}
        note={query.data && query.data.length > 0 ? <Oldest servers={query.data} /> : undefined}
      />
      <QueryView query={query} skeleton={<FleetSkeleton />}>
        {(servers) => (servers.length === 0 ? <NoServers /> : <Fleet servers={servers} />)}
      </QueryView>
    </>
  )
}

function Oldest({ servers }: { servers: readonly ServerStatus[] }) {
  const { t, u } = useI18n()
  const at = oldest(servers)
  const text = useFromNow((now) => (at === null ? '' : t.fleet.oldest(u.duration(Math.max(1_000, now - at)))))
  return <span className="text-xs">{text}</span>
}

type View = (typeof VIEWS)[number]
const IN_URL = { by: choiceOf(VIEWS) }

/** What the map shows, as the URL says. */
function useView(): [View, (view: View) => void] {
  const [search, setSearch] = useUrlState(IN_URL)
  return [search.by ?? 'severity', (view) => setSearch({ by: view === 'severity' ? undefined : view })]
}

function NoServers() {
  const { t } = useI18n()
  const mayEdit = canEditServers(useUser().role)
  return (
    <EmptyState title={t.servers.emptyTitle} text={mayEdit ? t.fleet.emptyText : t.servers.emptyTextViewer}>
      {mayEdit && (
        <Link to={paths.setup()} className={buttonClass('primary')}>
          {t.fleet.setUp}
        </Link>
      )}
    </EmptyState>
  )
}

function Fleet({ servers }: { servers: ServerStatus[] }) {
  const now = useNow()
  const judged = useMemo(() => servers.map((server) => judge(server, now)), [servers, now])
  const worst = useMemo(() => worstFirst(judged), [judged])
  const incomplete = useMemo(() => incompleteOf(servers), [servers])
  return (
    <div className="grid gap-3">
      <TotalCards judged={judged} />
      <HeatMap judged={judged} />
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <div className="grid gap-3">
          <WorstList worst={worst} incomplete={incomplete} all={servers.length} />
          <Busiest servers={servers} />
        </div>
        <RecentEvents />
      </div>
    </div>
  )
}

const LOOKS: Record<Condition, string> = {
  ok: 'text-ok',
  warning: 'text-warn',
  critical: 'text-bad',
  unreachable: 'text-bad',
  pending: 'text-dim',
}

function TotalCards({ judged }: { judged: readonly Judged[] }) {
  const { t, u } = useI18n()
  const sums = useMemo(() => totals(judged), [judged])
  const condition = (name: Condition) => (
    <Total
      key={name}
      label={t.serverStates[name]}
      value={u.integer(sums.byCondition[name])}
      to={paths.servers()}
      search={{ state: name }}
      className={sums.byCondition[name] > 0 ? LOOKS[name] : 'text-dim'}
      {...(name === 'critical' && {
        note: t.fleet.fullDisks,
        set: SET_OF.disk,
        without: sums.without.disk,
        of: t.fleet.fullDisks,
      })}
    />
  )
  return (
    <dl className="grid grid-cols-2 gap-2 sm:grid-cols-4 xl:grid-cols-8">
      {CONDITIONS.map(condition)}
      <Total
        label={t.fleet.connections}
        value={u.integer(sums.connections)}
        set={SET_OF.connections}
        without={sums.without.connections}
        note={sums.active === null ? undefined : t.servers.active(u.integer(sums.active))}
      />
      <Total
        label={t.fleet.transactions}
        value={u.rate(sums.transactions)}
        set={SET_OF.transactions}
        without={sums.without.transactions}
      />
      <Total
        label={t.fleet.size}
        value={u.bytes(sums.bytes)}
        set={SET_OF.size}
        without={sums.without.size}
        note={sums.databases === null ? undefined : t.server.databasesCount(sums.databases)}
      />
    </dl>
  )
}

function Total(props: {
  label: string
  value: string
  note?: ReactNode
  /** Of which nothing is in the value; `of` says of what, where that is not the label. */
  without?: readonly ServerStatus[]
  of?: string
  set?: string
  to?: string
  search?: Record<string, string>
  className?: string
}) {
  const { to, search, set, without = [] } = props
  return (
    <div className="relative min-w-0 rounded-lg border border-line bg-panel px-3 py-2 has-[a:hover]:border-line-strong">
      <dt className={cx('truncate text-xs text-dim', to !== undefined && '-mt-2')}>
        {to === undefined ? (
          props.label
        ) : (
          <Link
            to={to}
            search={(previous: Record<string, unknown>) => ({ ...previous, ...search })}
            className="block truncate pt-2 after:absolute after:inset-0 after:rounded-lg"
          >
            {props.label}
          </Link>
        )}
      </dt>
      <dd className="flex items-center gap-1">
        <span className={cx('truncate text-xl font-semibold tracking-tight', props.className)}>{props.value}</span>
        {set && <Partial of={props.of ?? props.label} set={set} without={without} />}
      </dd>
      <dd className={cx('truncate text-xs text-dim', props.note === undefined && 'hidden sm:block')}>
        {props.note ?? '\u00a0'}
      </dd>
    </div>
  )
}

function HeatMap({ judged }: { judged: readonly Judged[] }) {
  const { t } = useI18n()
  const [view, setView] = useView()
  return (
    <Card
      title={t.fleet.map}
      actions={
        <Segmented
          label={t.fleet.colouredBy}
          value={view}
          segments={VIEWS.map((value) => ({ value, label: t.fleet.measures[value] }))}
          onChange={setView}
        />
      }
    >
      <div className="p-3">
        {view === 'history' ? <History judged={judged} /> : <FleetMap judged={judged} by={view} />}
      </div>
    </Card>
  )
}
