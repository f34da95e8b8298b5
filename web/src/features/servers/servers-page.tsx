import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useRef } from 'react'
import { serversQuery } from '../../api/queries'
import type { Condition, ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { ColumnChoice, useColumnChoice } from '../../blocks/column-choice'
import { type Column, DataTable } from '../../blocks/data-table'
import { PageHeader } from '../../blocks/page-header'
import { CONDITIONS, connectionCounts, diskUsage, useConditions } from '../../blocks/server-state'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, choiceOf, listOf, parseSort, type SearchOf, sortOf, sortToText } from '../../lib/url-state'
import { buttonClass } from '../../ui/button'
import { SelectFilter } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'
import {
  ConnectionsCell,
  DiskCell,
  NameCell,
  SeenCell,
  ServerCard,
  StateCell,
  TagsCell,
  VersionCell,
} from './server-cells'
import { facetChoices, filterServers, majorVersion, type ServerFilter } from './servers-model'

const COLUMN_IDS = [
  'name',
  'state',
  'version',
  'connections',
  'tps',
  'databases',
  'size',
  'disk',
  'tags',
  'uptime',
  'checked',
] as const
type ColumnId = (typeof COLUMN_IDS)[number]

const SEGMENTS = ['ok', 'warning', 'critical', 'unreachable', 'pending'] as const
const DEFAULT_SORT = { id: 'name', descending: false } as const
/** What no server has is no version and no tag. */
const inUrl = (servers: readonly ServerStatus[]) => ({
  q: anyText,
  state: choiceOf(CONDITIONS),
  version: choiceOf(servers.flatMap((server) => majorVersion(server.version) ?? [])),
  tag: choiceOf(servers.flatMap((server) => server.tags)),
  sort: sortOf(COLUMN_IDS),
  col: listOf(COLUMN_IDS),
})
type ServersSearch = SearchOf<ReturnType<typeof inUrl>>

const UNFILTERED: ServersSearch = { q: undefined, state: undefined, version: undefined, tag: undefined }

export function ServersPage() {
  const { t } = useI18n()
  const query = useQuery(serversQuery())
  const mayEdit = canEditServers(useUser().role)
  return (
    <>
      <PageHeader
        title={t.servers.title}
        time="live"
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
        <Link to={paths.setup()} className={buttonClass('primary')}>
          {t.fleet.setUp}
        </Link>
      )}
    </EmptyState>
  )
}

function ServersTable({ servers }: { servers: ServerStatus[] }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(useMemo(() => inUrl(servers), [servers]))
  const conditionOf = useConditions(servers)
  const columns = useColumns(conditionOf)
  const chosen = useColumnChoice('servers', COLUMN_IDS, search.col)
  const fitting = useRef<readonly string[]>(undefined)
  const { q = '', state, version, tag } = search
  const filter = useMemo<ServerFilter>(() => ({ text: q, state, version, tag }), [q, state, version, tag])
  const rows = useMemo(() => filterServers(servers, filter, conditionOf), [servers, filter, conditionOf])
  const sort = useMemo(() => parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT, [search.sort])
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.servers.searchLabel}
          value={q}
          onChange={(text) => setSearch({ q: text })}
          className="w-full sm:w-72"
        />
        <Facets servers={servers} conditionOf={conditionOf} filter={filter} onChange={setSearch} />
        {rows.length !== servers.length && (
          <span role="status" className="text-dim">
            {t.servers.shown(rows.length, servers.length)}
          </span>
        )}
        {/* Cards are as they are; beyond this width of the window the table has room for columns, see STACKED_BELOW. */}
        <span className="ml-auto max-[583px]:hidden">
          <ColumnChoice
            table="servers"
            columns={columns}
            chosen={chosen}
            fitting={fitting}
            onChange={(col) => setSearch({ col })}
          />
        </span>
      </div>
      {rows.length === 0 ? (
        <NoMatchState
          title={t.servers.noMatchTitle}
          text={t.servers.noMatchText}
          onReset={() => setSearch(UNFILTERED)}
        />
      ) : (
        <DataTable
          label={t.servers.title}
          columns={columns}
          rows={rows}
          rowKey={(server) => server.name}
          chosen={chosen}
          fitting={fitting}
          rowHeight={44}
          sort={sort}
          onSort={(next) => setSearch({ sort: sortToText(next) })}
          card={(server) => <ServerCard server={server} />}
        />
      )}
    </>
  )
}

interface FacetProps {
  servers: ServerStatus[]
  conditionOf: (server: ServerStatus) => Condition
  filter: ServerFilter
  onChange: (search: Partial<ServersSearch>) => void
}

/** The counts of each facet follow the others; they may lag behind while one types. */
function Facets(props: FacetProps) {
  const { t } = useI18n()
  const { onChange, conditionOf } = props
  const servers = useDeferredValue(props.servers)
  const filter = useDeferredValue(props.filter)
  const states = useMemo(() => {
    const found = filterServers(servers, filter, conditionOf, 'state')
    const counts = new Map(facetChoices(found, (server) => [conditionOf(server)]).map((one) => [one.value, one.count]))
    return { all: found.length, of: (state: string) => counts.get(state) ?? 0 }
  }, [servers, filter, conditionOf])
  const versions = useMemo(
    () =>
      facetChoices(filterServers(servers, filter, conditionOf, 'version'), (server) => [
        majorVersion(server.version) ?? '',
      ]),
    [servers, filter, conditionOf],
  )
  const tags = useMemo(
    () => facetChoices(filterServers(servers, filter, conditionOf, 'tag'), (server) => server.tags),
    [servers, filter, conditionOf],
  )
  const choices = (label: string, facet: typeof tags, chosen: string | undefined) => [
    { value: '', label: `${label}: ${t.common.all.toLocaleLowerCase()}` },
    ...withChosen(facet, chosen)
      .filter((one) => one.value !== '')
      .toSorted((a, b) => b.value.localeCompare(a.value, undefined, { numeric: true }))
      .map((one) => ({ value: one.value, label: `${one.value} (${one.count})` })),
  ]
  return (
    <>
      <Segmented
        label={t.servers.filterLabel}
        value={props.filter.state ?? 'all'}
        segments={[
          { value: 'all', label: t.common.all, count: states.all },
          ...SEGMENTS.map((value) => ({ value, label: t.serverStates[value], count: states.of(value) })),
        ]}
        onChange={(value) => onChange({ state: value === 'all' ? undefined : value })}
      />
      <SelectFilter
        label={t.servers.versionFilter}
        value={props.filter.version ?? ''}
        choices={choices(t.servers.columns.version, versions, props.filter.version)}
        onChange={(version) => onChange({ version })}
      />
      {(tags.length > 0 || props.filter.tag !== undefined) && (
        <SelectFilter
          label={t.servers.tagFilter}
          value={props.filter.tag ?? ''}
          choices={choices(t.servers.columns.tags, tags, props.filter.tag)}
          onChange={(tag) => onChange({ tag })}
        />
      )}
    </>
  )
}

/** What is chosen stays visible, even where nothing has it any more. */
const withChosen = (facet: { value: string; count: number }[], chosen: string | undefined) =>
  chosen === undefined || facet.some((one) => one.value === chosen) ? facet : [...facet, { value: chosen, count: 0 }]

function useColumns(conditionOf: FacetProps['conditionOf']): Column<ServerStatus, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.servers.columns
  return useMemo(
    () => [
      {
        id: 'name',
        header: names.name,
        sortBy: (server) => server.name,
        cell: (server) => <NameCell server={server} />,
        width: 180,
        grow: true,
        priority: 0,
      },
      {
        id: 'state',
        header: names.state,
        sortBy: (server) => CONDITIONS.indexOf(conditionOf(server)),
        cell: (server) => <StateCell server={server} />,
        width: 190,
        grow: true,
        priority: 1,
      },
      {
        id: 'version',
        header: names.version,
        sortBy: (server) => server.version,
        cell: (server) => <VersionCell server={server} />,
        width: 90,
        priority: 6,
      },
      {
        id: 'connections',
        header: names.connections,
        numeric: true,
        sortBy: (server) => connectionCounts(server)?.total,
        cell: (server) => <ConnectionsCell server={server} />,
        width: 176,
        priority: 2,
      },
      {
        id: 'tps',
        header: names.tps,
        numeric: true,
        sortBy: (server) => server.transactions_per_second,
        cell: (server) => u.rate(server.transactions_per_second),
        width: 116,
        priority: 4,
      },
      {
        id: 'databases',
        header: names.databases,
        numeric: true,
        sortBy: (server) => server.databases_count,
        cell: (server) => u.integer(server.databases_count),
        width: 104,
        priority: 9,
      },
      {
        id: 'size',
        header: names.size,
        numeric: true,
        sortBy: (server) => server.size_bytes,
        cell: (server) => u.bytes(server.size_bytes),
        width: 92,
        priority: 7,
      },
      {
        id: 'disk',
        header: names.disk,
        sortBy: (server) => diskUsage(server),
        cell: (server) => <DiskCell server={server} />,
        width: 150,
        priority: 3,
      },
      {
        id: 'tags',
        header: names.tags,
        sortBy: (server) => server.tags.join(' '),
        cell: (server) => <TagsCell server={server} />,
        width: 150,
        priority: 10,
      },
      {
        id: 'uptime',
        header: names.uptime,
        numeric: true,
        sortBy: (server) => server.uptime_hours,
        cell: (server) => u.hours(server.uptime_hours),
        width: 100,
        priority: 11,
      },
      {
        id: 'checked',
        header: names.checked,
        numeric: true,
        sortBy: (server) => (server.checked_at ? Date.parse(server.checked_at) : null),
        cell: (server) => <SeenCell server={server} />,
        width: 122,
        priority: 5,
      },
    ],
    [u, names, conditionOf],
  )
}
