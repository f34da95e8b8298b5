import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { type CostsFilter, costsQuery } from '../../api/history-queries'
import { useTime } from '../../app/time'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useUrlState } from '../../lib/router-hooks'
import { parseSort, sortOf, sortToText } from '../../lib/url-state'
import { TableSkeleton } from '../../ui/skeleton'
import { type CostRow, costRows, perRun } from './costs-model'

const COLUMN_IDS = ['name', 'runs', 'failed', 'server', 'share', 'cpu', 'memory', 'queries', 'rows', 'bytes'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const IN_URL = { costs: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'share', descending: true } as const

/** What monitoring costs: of one plugin by server, or of one server by plugin. */
export function CostsView(props: CostsFilter & { maxHeightClass?: string }) {
  const { t } = useI18n()
  const { range } = useTime()
  const { server, plugin } = props
  const query = useQuery(costsQuery({ server, plugin }, range))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={4} />}>
      {({ items, from, to }) =>
        items.length === 0 ? (
          <EmptyState title={t.costs.emptyTitle} text={t.costs.emptyText} />
        ) : (
          <CostsTable
            byPlugin={server !== undefined}
            rows={costRows(
              items,
              (item) => (server === undefined ? item.server : item.plugin),
              Date.parse(to) - Date.parse(from),
            )}
            {...(props.maxHeightClass === undefined ? {} : { maxHeightClass: props.maxHeightClass })}
          />
        )
      }
    </QueryView>
  )
}

function CostsTable(props: { rows: CostRow[]; byPlugin: boolean; maxHeightClass?: string }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useColumns(props.byPlugin)
  return (
    <DataTable
      label={t.costs.title}
      columns={columns}
      rows={props.rows}
      rowKey={(row) => row.name ?? ''}
      rowHeight={34}
      sort={parseSort(search.costs, COLUMN_IDS) ?? DEFAULT_SORT}
      onSort={(sort) => setSearch({ costs: sortToText(sort) })}
      {...(props.maxHeightClass === undefined ? {} : { maxHeightClass: props.maxHeightClass })}
    />
  )
}

function useColumns(byPlugin: boolean): Column<CostRow, ColumnId>[] {
  const { t, u } = useI18n()
  return useMemo(() => {
    const names = t.costs.columns
    const number = (
      id: ColumnId & keyof typeof names,
      priority: number,
      sortBy: (row: CostRow) => number | null,
      text: (row: CostRow) => string,
    ): Column<CostRow, ColumnId> => ({
      id,
      header: names[id],
      numeric: true,
      width: 110,
      priority,
      sortBy,
      cell: text,
    })
    return [
      {
        id: 'name',
        header: byPlugin ? t.runs.columns.plugin : t.runs.columns.server,
        width: 160,
        grow: true,
        priority: 0,
        sortBy: (row) => row.name,
        cell: (row) => <Name name={row.name} byPlugin={byPlugin} />,
      },
      number(
        'share',
        1,
        (row) => row.serverShare,
        (row) => u.share(row.serverShare),
      ),
      number(
        'server',
        2,
        (row) => perRun(row, row.serverMs),
        (row) => u.duration(perRun(row, row.serverMs)),
      ),
      number(
        'runs',
        3,
        (row) => row.runs,
        (row) => u.integer(row.runs),
      ),
      {
        ...number(
          'failed',
          4,
          (row) => row.failed,
          (row) => u.integer(row.failed),
        ),
        cell: (row) => <span className={row.failed > 0 ? 'text-bad' : 'text-dim'}>{u.integer(row.failed)}</span>,
      },
      number(
        'cpu',
        5,
        (row) => perRun(row, row.cpuMs),
        (row) => u.duration(perRun(row, row.cpuMs)),
      ),
      number(
        'memory',
        6,
        (row) => row.memoryPeakBytes,
        (row) => u.bytes(row.memoryPeakBytes),
      ),
      number(
        'queries',
        7,
        (row) => row.queries,
        (row) => u.integer(row.queries),
      ),
      number(
        'rows',
        8,
        (row) => row.rows,
        (row) => u.integer(row.rows),
      ),
      number(
        'bytes',
        9,
        (row) => row.bytes,
        (row) => u.bytes(row.bytes),
      ),
    ]
  }, [t, u, byPlugin])
}

function Name({ name, byPlugin }: { name: string | null; byPlugin: boolean }) {
  const { t } = useI18n()
  if (name === null) return <span className="text-dim">{t.runs.hostScope}</span>
  return (
    <Link
      to={byPlugin ? paths.plugin(name) : paths.server(name)}
      className="font-medium text-accent-strong hover:underline"
    >
      {name}
    </Link>
  )
}
