import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { serversQuery } from '../../api/queries'
import type { ServerState, ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Card } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useNow } from '../../lib/now'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { choiceOf } from '../../lib/url-state'
import { buttonClass } from '../../ui/button'
import { cx } from '../../ui/classes'
import { Segmented } from '../../ui/segmented'
import { FleetSkeleton } from '../../ui/skeleton'
import { Busiest } from './busiest'
import {
  incompleteOf,
  type Judged,
  judge,
  type Measure,
  measured,
  type Severity,
  shades,
  shareShade,
  totals,
  VIEWS,
  worstFirst,
} from './fleet-model'
import { History } from './history'
import { Partial } from './partial'
import type { SummedSet } from './partial-model'
import { RecentEvents } from './recent-events'
import { type Tile, Tiles } from './tiles'
import { WorstList } from './worst-list'

/** The whole fleet at a glance: how many are well, which are not, and what happened last. */
export function FleetPage() {
  const { t } = useI18n()
  const query = useQuery(serversQuery())
  const [view] = useView()
  return (
    <>
      <PageHeader title={t.fleet.title} time={view === 'history' ? 'range' : 'live'} />
      <QueryView query={query} skeleton={<FleetSkeleton />}>
        {(servers) => (servers.length === 0 ? <NoServers /> : <Fleet servers={servers} />)}
      </QueryView>
    </>
  )
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
      <TotalCards servers={servers} />
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

const STATE_LOOKS: Record<ServerState, string> = {
  ok: 'text-ok',
  warning: 'text-warn',
  unreachable: 'text-bad',
  pending: 'text-dim',
}

function TotalCards({ servers }: { servers: ServerStatus[] }) {
  const { t, u } = useI18n()
  const sums = useMemo(() => totals(servers), [servers])
  const state = (name: ServerState) => (
    <Total
      key={name}
      label={t.serverStates[name]}
      value={u.integer(sums.byState[name])}
      to={paths.servers()}
      search={{ state: name }}
      className={sums.byState[name] > 0 ? STATE_LOOKS[name] : 'text-dim'}
    />
  )
  return (
    <dl className="grid grid-cols-2 gap-2 sm:grid-cols-4 xl:grid-cols-8">
      {(['unreachable', 'warning', 'pending', 'ok'] as const).map(state)}
      <Total
        label={t.fleet.fullDisks}
        value={u.integer(sums.fullDisks)}
        set="filesystem"
        without={sums.without.disk}
        to={paths.servers()}
        search={{ sort: '-disk' }}
        className={sums.fullDisks > 0 ? 'text-bad' : 'text-dim'}
      />
      <Total
        label={t.fleet.connections}
        value={u.integer(sums.connections)}
        set="pg_stat_activity"
        without={sums.without.connections}
        note={sums.active === null ? undefined : t.servers.active(u.integer(sums.active))}
      />
      <Total
        label={t.fleet.transactions}
        value={u.rate(sums.transactions)}
        set="pg_stat_database"
        without={sums.without.transactions}
      />
      <Total
        label={t.fleet.size}
        value={u.bytes(sums.bytes)}
        set="pg_database_size"
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
  /** Of which nothing is in the value. */
  without?: readonly ServerStatus[]
  set?: SummedSet
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
        {set && <Partial of={props.label} set={set} without={without} />}
      </dd>
      <dd className={cx('truncate text-xs text-dim', props.note === undefined && 'hidden sm:block')}>
        {props.note ?? '\u00a0'}
      </dd>
    </div>
  )
}

const SEVERITY_TILES: Record<Severity, string> = {
  bad: 'bg-bar-bad text-white dark:text-black',
  warn: 'bg-bar-warn text-black',
  idle: 'bg-sunken text-dim ring-1 ring-line ring-inset',
  ok: 'bg-ok-soft text-ok',
}

/** One colour from pale to full; the darker ones carry light text. */
const SHADE_TILES = [
  'bg-(--shade-1) text-ink',
  'bg-(--shade-2) text-ink',
  'bg-(--shade-3) text-ink',
  'bg-(--shade-4) text-(--shade-ink)',
  'bg-(--shade-5) text-(--shade-ink)',
  'bg-(--shade-6) text-(--shade-ink)',
] as const
const UNKNOWN_TILE = 'border border-line bg-panel text-dim'

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
        {view === 'history' ? <History judged={judged} /> : <MapTiles judged={judged} by={view} />}
      </div>
    </Card>
  )
}

function MapTiles({ judged, by }: { judged: readonly Judged[]; by: Measure }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const tiles = useTiles(judged, by)
  return <Tiles label={t.fleet.map} tiles={tiles} onOpen={(href) => void navigate({ to: href })} />
}

function useTiles(judged: readonly Judged[], by: Measure): Tile[] {
  const { t, u } = useI18n()
  return useMemo(() => {
    const tile = (server: ServerStatus, text: string, className: string): Tile => ({
      key: server.name,
      name: server.name,
      text: `${server.name}: ${text}`,
      href: paths.server(server.name),
      className,
    })
    if (by === 'severity') {
      return judged.map(({ server, severity, troubles }) => {
        const disk = troubles.find((trouble) => trouble.kind === 'disk')
        const full = disk === undefined ? '' : `, ${t.fleet.diskFull(u.percent(disk.used))}`
        return tile(server, t.serverStates[server.state] + full, SEVERITY_TILES[severity])
      })
    }
    const values = judged.map(({ server }) => measured(server, by))
    const steps = by === 'disk' ? values.map(shareShade) : shades(values)
    const say = {
      disk: u.percent,
      connections: u.integer,
      transactions: (value: number | null) => u.rate(value),
      size: u.bytes,
    }[by]
    return judged.map(({ server }, index) => {
      const value = values[index] ?? null
      const text = value === null ? t.fleet.notCollected : say(value)
      return tile(server, text, SHADE_TILES[steps[index] ?? -1] ?? UNKNOWN_TILE)
    })
  }, [judged, by, t, u])
}
