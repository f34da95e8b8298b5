import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { analysisQuery } from '../../api/history-queries'
import type { AnalysedDatabase, DatabaseAnalysis } from '../../api/types'
import { useUser } from '../../app/session-context'
import { useTime } from '../../app/time'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { downloadCsv, fileName } from '../../lib/download'
import { countsOf } from '../../lib/group'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useParam, useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, choiceOf, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Badge, type Tone } from '../../ui/badge'
import { Button } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'
import { Tiles } from '../fleet/tiles'
import { analysisCsv, judgedWindow, knownDays, periodDays, reasonText, VERDICTS, type Verdict } from './analysis-model'
import { CriteriaDialog } from './criteria-dialog'

const COLUMN_IDS = ['name', 'verdict', 'reason', 'idle', 'transactions', 'connections', 'size'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const IN_URL = { q: anyText, verdict: choiceOf(VERDICTS), sort: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'verdict', descending: false } as const
/** More are not looked over as tiles, but in the table. */
const TILES_MAX = 1_000
/** What lacks less was watched throughout: samples do not begin and end with the period. */
const WHOLE = 0.95
const TONES: Record<Verdict, Tone> = {
  dead: 'bad',
  static: 'warn',
  'low-activity': 'info',
  active: 'ok',
  'not-enough-data': 'idle',
}
const TILES: Record<Verdict, string> = {
  dead: 'bg-bad-soft text-bad',
  static: 'bg-warn-soft text-warn',
  'low-activity': 'bg-accent-soft text-accent-strong',
  active: 'bg-ok-soft text-ok',
  'not-enough-data': 'bg-sunken text-dim',
}

/** Which databases nobody uses, and why one may think so. */
export function AnalysisTab() {
  const { t } = useI18n()
  const server = useParam('name')
  const { range, usual } = useTime()
  // The usual window is far too short for a verdict; the host knows how long a one its criteria take.
  const query = useQuery(analysisQuery(server, usual ? {} : judgedWindow(range)))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={8} />}>
      {(analysis) =>
        analysis.items.length === 0 ? (
          <EmptyState title={t.analysis.emptyTitle} text={t.analysis.emptyText} />
        ) : (
          <Analysis analysis={analysis} />
        )
      }
    </QueryView>
  )
}

function Analysis({ analysis }: { analysis: DatabaseAnalysis }) {
  const { t, u } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const text = search.q ?? ''
  const { verdict } = search
  const found = analysis.items.filter((one) => matchesSearch(text, [one.name]))
  const rows = verdict === undefined ? found : found.filter((one) => one.verdict === verdict)
  const counts = countsOf(found.map((one) => one.verdict))
  const unused = analysis.totals.filter((total) => total.verdict === 'dead' || total.verdict === 'static')
  const bytes = unused.reduce((sum, total) => sum + (total.size_bytes ?? 0), 0)
  const period = periodDays(analysis)
  const known = knownDays(analysis)
  const neededDays = Math.max(analysis.criteria.dead_days ?? 0, analysis.criteria.static_connections_days ?? 0)
  return (
    <>
      <p className="mb-3 text-dim">
        {known < WHOLE * period
          ? t.analysis.known(u.days(known), u.days(period))
          : t.analysis.period(u.date(analysis.from), u.date(analysis.to))}
        {bytes > 0 && ` · ${t.analysis.unusedSize(u.bytes(bytes))}`}
      </p>
      {known < WHOLE * neededDays && (
        <p className="-mt-2 mb-3 text-warn">{t.analysis.shortWindow(u.count(neededDays))}</p>
      )}
      <VerdictTiles server={analysis.server} rows={rows} />
      <div className="my-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.databases.searchLabel}
          value={text}
          onChange={(q) => setSearch({ q })}
          className="w-full sm:w-60"
        />
        <Segmented
          label={t.analysis.columns.verdict}
          value={verdict ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all, count: found.length },
            ...VERDICTS.map((value) => ({ value, label: t.analysis.verdicts[value], count: counts.get(value) ?? 0 })),
          ]}
          onChange={(value) => setSearch({ verdict: value === 'all' ? undefined : value })}
        />
        <Actions server={analysis.server} rows={rows} />
      </div>
      {rows.length === 0 ? (
        <NoMatchState
          title={t.databases.noMatchTitle}
          text={t.databases.noMatchText}
          onReset={() => setSearch({ q: undefined, verdict: undefined })}
        />
      ) : (
        <VerdictTable server={analysis.server} rows={rows} />
      )}
    </>
  )
}

function Actions({ server, rows }: { server: string; rows: AnalysedDatabase[] }) {
  const { t } = useI18n()
  const [changing, setChanging] = useState(false)
  const mayChange = canEditServers(useUser().role)
  const save = () =>
    downloadCsv(analysisCsv(rows, t.analysis.columns), fileName([server, 'analysis'], Date.now(), 'csv'))
  return (
    <span className="ml-auto flex gap-1">
      <Button onClick={save}>
        <Icon name="download" />
        CSV
      </Button>
      {mayChange && (
        <Button onClick={() => setChanging(true)}>
          <Icon name="settings" />
          {t.analysis.criteria}
        </Button>
      )}
      {changing && <CriteriaDialog onClose={() => setChanging(false)} />}
    </span>
  )
}

function VerdictTiles({ server, rows }: { server: string; rows: AnalysedDatabase[] }) {
  const { t, u } = useI18n()
  const navigate = useNavigate()
  if (rows.length === 0 || rows.length > TILES_MAX) return null
  return (
    <Tiles
      label={t.analysis.title}
      tiles={rows.map((one) => ({
        key: one.name,
        name: one.name,
        text: `${one.name}: ${t.analysis.verdicts[one.verdict]}. ${reasonText(one, t.analysis, u)}`,
        href: paths.database(server, one.name),
        className: TILES[one.verdict],
      }))}
      onOpen={(href) => void navigate({ to: href })}
    />
  )
}

function VerdictTable({ server, rows }: { server: string; rows: AnalysedDatabase[] }) {
  const { t, u } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useMemo<Column<AnalysedDatabase, ColumnId>[]>(() => {
    const names = t.analysis.columns
    const number = (
      id: 'idle' | 'transactions' | 'connections' | 'size',
      priority: number,
      of: (one: AnalysedDatabase) => number | null,
      text: (value: number | null) => string = u.count,
    ): Column<AnalysedDatabase, ColumnId> => ({
      id,
      header: names[id],
      numeric: true,
      width: 105,
      priority,
      sortBy: of,
      cell: (one) => text(of(one)),
    })
    return [
      {
        id: 'name',
        header: names.name,
        width: 150,
        priority: 0,
        sortBy: (one) => one.name,
        cell: (one) => (
          <Link
            to={paths.database(server, one.name)}
            title={one.name}
            className="font-medium text-accent-strong hover:underline"
          >
            {one.name}
          </Link>
        ),
      },
      {
        id: 'verdict',
        header: names.verdict,
        width: 160,
        priority: 1,
        sortBy: (one) => VERDICTS.indexOf(one.verdict),
        cell: (one) => <Badge tone={TONES[one.verdict]}>{t.analysis.verdicts[one.verdict]}</Badge>,
      },
      {
        id: 'reason',
        header: names.reason,
        width: 240,
        grow: true,
        priority: 2,
        cell: (one) => {
          const reason = reasonText(one, t.analysis, u)
          return (
            <span className="text-xs whitespace-normal sm:line-clamp-2 text-dim" title={reason}>
              {reason}
              {one.is_watched_through && ` · ${t.analysis.watchedThrough}`}
            </span>
          )
        },
      },
      number('idle', 4, (one) => one.idle_days),
      number('transactions', 5, (one) => one.transactions_per_hour),
      number('connections', 6, (one) => one.connections_mean),
      number('size', 3, (one) => one.size_bytes, u.bytes),
    ]
  }, [t, u, server])
  return (
    <DataTable
      label={t.analysis.title}
      columns={columns}
      rows={rows}
      rowKey={(one) => one.name}
      rowHeight={44}
      sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
      onSort={(sort) => setSearch({ sort: sortToText(sort) })}
    />
  )
}
