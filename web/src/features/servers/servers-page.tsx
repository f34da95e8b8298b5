import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { serversQuery } from '../../api/queries'
import type { ServerState, ServerStatus } from '../../api/types'
import type { ListSearch } from '../../app/router'
import { useUser } from '../../app/session-context'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { PageHeader } from '../../blocks/page-header'
import { connectionCounts, diskUsage, ServerStateBadge, useServerCause } from '../../blocks/server-state'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { UsageBar } from '../../blocks/usage-bar'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { oneOf, parseSort, sortToText } from '../../lib/url-state'
import { buttonClass } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'

const COLUMN_IDS = ['name', 'state', 'version', 'connections', 'databases', 'size', 'disk', 'tps', 'checked'] as const
type ColumnId = (typeof COLUMN_IDS)[number]

const STATES = ['ok', 'warning', 'unreachable', 'pending'] as const satisfies readonly ServerState[]
/** The worst first. */
const STATE_ORDER: Record<ServerState, number> = { unreachable: 0, warning: 1, pending: 2, ok: 3 }

const DEFAULT_SORT = { id: 'name', descending: false } as const

export function ServersPage() {
  const { t } = useI18n()
  const query = useQuery(serversQuery())
  const mayEdit = canEditServers(useUser().role)
  return (
    <>
      <PageHeader
        title={t.servers.title}
        note={query.data && query.data.length > 0 ? t.servers.count(query.data.length) : undefined}
      >
        {mayEdit && (
          <Link to={paths.newServer()} className={buttonClass('primary')}>
            <Icon name="plus" />
            {t.servers.add}
          </Link>
        )}
      </PageHeader>
      <QueryView query={query} skeleton={<TableSkeleton rows={12} />}>
        {(servers) => (servers.length === 0 ? <NoServers mayEdit={mayEdit} /> : <ServersTable servers={servers} />)}
      </QueryView>
    </>
  )
}

function NoServers(props: { mayEdit: boolean }) {
  const { t } = useI18n()
  return (
    <EmptyState title={t.servers.emptyTitle} text={props.mayEdit ? t.servers.emptyText : t.servers.emptyTextViewer}>
      {props.mayEdit && (
        <Link to={paths.newServer()} className={buttonClass('primary')}>
          {t.servers.add}
        </Link>
      )}
    </EmptyState>
  )
}

function ServersTable({ servers }: { servers: ServerStatus[] }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState<ListSearch>()
  const columns = useColumns()
  const text = search.q ?? ''
  const state = oneOf(search.state, STATES)
  const found = useMemo(
    () => servers.filter((server) => matchesSearch(text, [server.name, server.host, server.version, ...server.tags])),
    [servers, text],
  )
  const rows = state === undefined ? found : found.filter((server) => server.state === state)
  const count = (wanted: ServerState) => found.filter((server) => server.state === wanted).length
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.servers.searchLabel}
          value={text}
          onChange={(q) => setSearch({ q })}
          className="w-full sm:w-80"
        />
        <Segmented
          label={t.servers.filterLabel}
          value={state ?? 'all'}
          segments={[
            { value: 'all', label: `${t.common.all} ${found.length}` },
            ...STATES.map((value) => ({ value, label: `${t.serverStates[value]} ${count(value)}` })),
          ]}
          onChange={(value) => setSearch({ state: value === 'all' ? undefined : value })}
        />
        {rows.length !== servers.length && (
          <span role="status" className="text-dim">
            {t.servers.shown(rows.length, servers.length)}
          </span>
        )}
      </div>
      {rows.length === 0 ? (
        <NoMatchState
          title={t.servers.noMatchTitle}
          text={t.servers.noMatchText}
          onReset={() => setSearch({ q: undefined, state: undefined })}
        />
      ) : (
        <DataTable
          label={t.servers.title}
          columns={columns}
          rows={rows}
          rowKey={(server) => server.name}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}

function useColumns(): Column<ServerStatus, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.servers.columns
  return useMemo(
    () => [
      {
        id: 'name',
        header: names.name,
        sortBy: (server) => server.name,
        cell: (server) => <NameCell server={server} />,
      },
      {
        id: 'state',
        header: names.state,
        sortBy: (server) => STATE_ORDER[server.state],
        cell: (server) => <StateCell server={server} />,
        className: 'w-44 xl:w-72',
      },
      {
        id: 'version',
        header: names.version,
        sortBy: (server) => server.version,
        cell: (server) => <VersionCell server={server} />,
        className: 'w-24 hidden lg:table-cell',
      },
      {
        id: 'connections',
        header: names.connections,
        numeric: true,
        sortBy: (server) => connectionCounts(server)?.total,
        cell: (server) => {
          const counts = connectionCounts(server)
          return (
            <>
              <div>{u.integer(counts?.total)}</div>
              {counts && <div className="truncate text-xs text-dim">{t.servers.active(u.integer(counts.active))}</div>}
            </>
          )
        },
        className: 'w-28 hidden sm:table-cell',
      },
      {
        id: 'tps',
        header: names.tps,
        numeric: true,
        sortBy: (server) => server.transactions_per_second,
        cell: (server) => u.rate(server.transactions_per_second),
        className: 'w-28 hidden md:table-cell',
      },
      {
        id: 'databases',
        header: names.databases,
        numeric: true,
        sortBy: (server) => server.databases_count,
        cell: (server) => u.integer(server.databases_count),
        className: 'w-24 hidden xl:table-cell',
      },
      {
        id: 'size',
        header: names.size,
        numeric: true,
        sortBy: (server) => server.size_bytes,
        cell: (server) => u.bytes(server.size_bytes),
        className: 'w-24 hidden md:table-cell',
      },
      {
        id: 'disk',
        header: names.disk,
        sortBy: (server) => diskUsage(server),
        cell: (server) => <DiskCell server={server} />,
        className: 'w-40 hidden lg:table-cell',
      },
      {
        id: 'checked',
        header: names.checked,
        numeric: true,
        sortBy: (server) => (server.checked_at ? Date.parse(server.checked_at) : null),
        cell: (server) => <Age at={server.checked_at} className="text-dim" />,
        className: 'w-34 hidden lg:table-cell',
      },
    ],
    [t, u, names],
  )
}

function NameCell({ server }: { server: ServerStatus }) {
  return (
    <>
      <Link
        to={paths.server(server.name)}
        className="font-medium text-accent-strong hover:underline"
        title={server.name}
      >
        {server.name}
      </Link>
      <div className="truncate text-xs text-dim">
        {server.host}:{server.port}
      </div>
    </>
  )
}

function StateCell({ server }: { server: ServerStatus }) {
  const cause = useServerCause(server)
  return (
    <>
      <ServerStateBadge server={server} />
      {cause !== '' && (
        <div className="truncate text-xs text-dim" title={`${cause}\n${server.detail ?? ''}`}>
          {cause}
        </div>
      )}
    </>
  )
}

function VersionCell({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  return (
    <>
      <div className="truncate" title={server.version ?? undefined}>
        {server.version?.split(' ')[0] ?? u.integer(null)}
      </div>
      {server.in_recovery && <div className="text-xs text-dim">{t.servers.standby}</div>}
    </>
  )
}

function DiskCell({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  const used = diskUsage(server)
  if (used === null) return <span className="text-xs text-dim">{t.servers.diskNotCollected}</span>
  return (
    <>
      <div className="flex items-center gap-2">
        <UsageBar used={used} className="flex-1" />
        <span className="w-11 text-right text-xs">{u.percent(Math.round(used * 100) / 100)}</span>
      </div>
      <div className="truncate text-xs text-dim">{t.servers.diskFree(u.bytes(server.free_space))}</div>
    </>
  )
}
