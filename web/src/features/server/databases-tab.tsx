import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useRef } from 'react'
import { databasesQuery } from '../../api/queries'
import type { DatabaseStatus } from '../../api/types'
import { AbsenceReason } from '../../blocks/absence'
import { Age } from '../../blocks/age'
import { ColumnChoice, useColumnChoice } from '../../blocks/column-choice'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { downloadCsv, fileName } from '../../lib/download'
import { paths } from '../../lib/paths'
import { useParam, useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, choiceOf, listOf, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Badge } from '../../ui/badge'
import { Button } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'

import { databasesCsv } from './databases-csv'

const COLUMN_IDS = ['name', 'size', 'connections', 'tps', 'created', 'lastSeen', 'owner'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const STATES = ['existing', 'gone'] as const
const IN_URL = { q: anyText, state: choiceOf(STATES), sort: sortOf(COLUMN_IDS), col: listOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'size', descending: true } as const

export function DatabasesTab() {
  const { t } = useI18n()
  const name = useParam('name')
  const query = useQuery(databasesQuery(name))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={6} />}>
      {(databases) =>
        databases.length === 0 ? (
          <EmptyState title={t.databases.emptyTitle} text={t.databases.emptyText}>
            <AbsenceReason server={name} set="pg_databases" />
          </EmptyState>
        ) : (
          <DatabasesTable server={name} databases={databases} />
        )
      }
    </QueryView>
  )
}

function DatabasesTable(props: { server: string; databases: DatabaseStatus[] }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useColumns(props.server)
  const chosen = useColumnChoice('databases', COLUMN_IDS, search.col)
  const fitting = useRef<readonly string[]>(undefined)
  const text = search.q ?? ''
  const { state } = search
  const found = props.databases.filter((database) => matchesSearch(text, [database.name, database.owner]))
  const gone = found.filter((database) => !database.exists)
  const existing = found.filter((database) => database.exists)
  const rows = state === undefined ? found : state === 'gone' ? gone : existing
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.databases.searchLabel}
          value={text}
          onChange={(q) => setSearch({ q })}
          className="w-full sm:w-72"
        />
        <Segmented
          label={t.databases.filterLabel}
          value={state ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all, count: found.length },
            { value: 'existing', label: t.databases.existing, count: existing.length },
            { value: 'gone', label: t.databases.gone, count: gone.length },
          ]}
          onChange={(value) => setSearch({ state: value === 'all' ? undefined : value })}
        />
        <span className="ml-auto flex gap-1">
          <Button
            onClick={() =>
              downloadCsv(
                databasesCsv(rows, t.databases.columns),
                fileName([props.server, 'databases'], Date.now(), 'csv'),
              )
            }
          >
            <Icon name="download" />
            CSV
          </Button>
          <ColumnChoice
            table="databases"
            columns={columns}
            chosen={chosen}
            fitting={fitting}
            onChange={(col) => setSearch({ col })}
          />
        </span>
      </div>
      {rows.length === 0 ? (
        <NoMatchState
          title={t.databases.noMatchTitle}
          text={t.databases.noMatchText}
          onReset={() => setSearch({ q: undefined, state: undefined })}
        />
      ) : (
        <DataTable
          label={t.databases.title}
          columns={columns}
          rows={rows}
          chosen={chosen}
          fitting={fitting}
          rowKey={(database) => `${database.oid} ${database.name}`}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}

function useColumns(server: string): Column<DatabaseStatus, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.databases.columns
  return useMemo(
    () => [
      {
        id: 'name',
        header: names.name,
        sortBy: (database) => database.name,
        cell: (database) => (
          <>
            <span className="flex min-w-0 items-center gap-2">
              <Link
                to={paths.database(server, database.name)}
                title={database.name}
                className="truncate font-medium text-accent-strong hover:underline"
              >
                {database.name}
              </Link>
              {!database.exists && (
                <Badge tone="idle" icon="minus">
                  {t.databases.goneBadge}
                </Badge>
              )}
            </span>
            {database.exists && database.allow_connections === false && (
              <span className="block truncate text-xs text-dim">{t.databases.noConnections}</span>
            )}
          </>
        ),
        width: 200,
        grow: true,
        priority: 0,
      },
      {
        id: 'size',
        header: names.size,
        numeric: true,
        sortBy: (database) => database.size_bytes,
        cell: (database) => <SizeCell database={database} />,
        width: 170,
        priority: 1,
      },
      {
        id: 'connections',
        header: names.connections,
        numeric: true,
        sortBy: (database) => database.connections,
        cell: (database) => u.integer(database.connections),
        width: 116,
        priority: 2,
      },
      {
        id: 'tps',
        header: names.tps,
        numeric: true,
        sortBy: (database) => database.commits_per_second,
        cell: (database) => u.rate(database.commits_per_second),
        width: 110,
        priority: 3,
      },
      {
        id: 'owner',
        header: names.owner,
        sortBy: (database) => database.owner,
        cell: (database) => database.owner ?? u.integer(null),
        width: 130,
        priority: 6,
      },
      {
        id: 'created',
        header: names.created,
        sortBy: (database) => (database.creation_time ? Date.parse(database.creation_time) : null),
        cell: (database) => u.date(database.creation_time),
        width: 130,
        priority: 5,
      },
      {
        id: 'lastSeen',
        header: names.lastSeen,
        numeric: true,
        sortBy: (database) => Date.parse(database.last_seen),
        cell: (database) => <Age at={database.last_seen} className="text-dim" />,
        width: 130,
        priority: 4,
      },
    ],
    [t, u, names, server],
  )
}

/** A size with its age, or why there is none. */
function SizeCell({ database }: { database: DatabaseStatus }) {
  const { t, u } = useI18n()
  const { size_bytes: size, size_absence: absence } = database
  return (
    <>
      {size != null && <div>{u.bytes(size)}</div>}
      {absence ? (
        <div className="truncate text-xs text-warn" title={t.said(absence.detail)}>
          {t.absenceReasons[absence.reason]}: {t.said(absence.detail)}
        </div>
      ) : size == null ? (
        <div className="text-xs text-dim">{t.databases.sizePending}</div>
      ) : (
        <Age at={database.size_at} className="block truncate text-xs text-dim" />
      )}
    </>
  )
}
