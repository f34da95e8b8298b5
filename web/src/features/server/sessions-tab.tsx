import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { sessionsQuery } from '../../api/queries'
import type { LiveQuery } from '../../api/types'
import type { ListSearch } from '../../app/router'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useParam, useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { parseSort, sortToText } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { TableSkeleton } from '../../ui/skeleton'

const COLUMN_IDS = ['pid', 'user', 'database', 'state', 'query'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const DEFAULT_SORT = { id: 'state', descending: false } as const

export function SessionsTab() {
  const { t } = useI18n()
  const query = useQuery(sessionsQuery(useParam('name')))
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2 text-dim">
        <p className="min-w-0 flex-1">{t.sessions.hint}</p>
        {query.data?.truncated && <span className="text-warn">{t.sessions.truncated}</span>}
        {query.data && <Age at={query.dataUpdatedAt} />}
        <Button disabled={query.isFetching} onClick={() => void query.refetch()}>
          <Icon name="refresh" />
          {t.sessions.refresh}
        </Button>
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={6} />}>
        {({ queries }) =>
          queries.length === 0 ? (
            <EmptyState title={t.sessions.emptyTitle} text={t.sessions.emptyText} />
          ) : (
            <SessionsTable sessions={queries} />
          )
        }
      </QueryView>
    </>
  )
}

function SessionsTable({ sessions }: { sessions: LiveQuery[] }) {
  const { t, u } = useI18n()
  const [search, setSearch] = useUrlState<ListSearch>()
  const names = t.sessions.columns
  const columns = useMemo<Column<LiveQuery, ColumnId>[]>(() => {
    const text = (value: string | null | undefined) => value ?? u.integer(null)
    return [
      {
        id: 'pid',
        header: names.pid,
        numeric: true,
        sortBy: (session) => session.pid,
        cell: (session) => session.pid,
        width: 80,
        priority: 0,
      },
      {
        id: 'user',
        header: names.user,
        sortBy: (session) => session.usename,
        cell: (session) => text(session.usename),
        width: 120,
        priority: 3,
      },
      {
        id: 'database',
        header: names.database,
        sortBy: (session) => session.datname,
        cell: (session) => text(session.datname),
        width: 120,
        priority: 4,
      },
      {
        id: 'state',
        header: names.state,
        sortBy: (session) => session.state,
        cell: (session) => text(session.state),
        width: 140,
        priority: 2,
      },
      {
        id: 'query',
        header: names.query,
        sortBy: (session) => session.query,
        cell: (session) => (
          <code className="font-mono text-xs" title={session.query ?? undefined}>
            {text(session.query)}
          </code>
        ),
        width: 180,
        grow: true,
        priority: 1,
      },
    ]
  }, [names, u])
  const text = search.q ?? ''
  const rows = sessions.filter((one) => matchesSearch(text, [one.usename, one.datname, one.state, one.query]))
  return (
    <>
      <SearchBox
        label={t.sessions.searchLabel}
        value={text}
        onChange={(q) => setSearch({ q })}
        className="mb-3 w-full sm:w-80"
      />
      {rows.length === 0 ? (
        <NoMatchState title={t.sessions.noMatchTitle} onReset={() => setSearch({ q: undefined })} />
      ) : (
        <DataTable
          label={t.sessions.title}
          columns={columns}
          rows={rows}
          rowKey={(session) => String(session.pid)}
          rowHeight={34}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}
