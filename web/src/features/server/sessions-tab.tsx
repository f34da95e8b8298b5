import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { sessionsQuery } from '../../api/queries'
import type { LiveQuery, LiveSessions } from '../../api/types'
import { useHold, useLiveState } from '../../app/live'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { hostTime } from '../../lib/now'
import { useParam, useUrlState } from '../../lib/router-hooks'
import { anyText, choiceOf, oneOf, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { cx } from '../../ui/classes'
import { SelectFilter } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'
import { blockingTree } from './blocking-model'
import { BlockingTree } from './blocking-tree'
import { PidButton, type RowProps, SessionDetails } from './session-details'
import {
  byWeight,
  countBlocked,
  countStates,
  countWaits,
  filterSessions,
  lasted,
  PERIODS,
  SESSION_STATES,
  statementStart,
  USUAL_PERIOD,
  waitOf,
} from './sessions-model'

const COLUMN_IDS = [
  'pid',
  'user',
  'database',
  'application',
  'state',
  'wait',
  'transaction',
  'statement',
  'query',
] as const
type ColumnId = (typeof COLUMN_IDS)[number]

/** `wait`: for what, as `Lock: transactionid`. `every`: seconds between two readings. */
const IN_URL = {
  q: anyText,
  sort: sortOf(COLUMN_IDS),
  state: choiceOf(SESSION_STATES),
  wait: anyText,
  every: choiceOf(PERIODS),
}

/** Of the tree: above the table, and where one looks at who is blocked. The table has the others. */
const GLANCE_ROWS = 6
const TREE_ROWS = 100

/** A server that does not answer is not asked as often. */
const AWAY_MS = 15_000

/** Who is connected and does what, as the server says at this moment. */
export function SessionsTab() {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const period = search.every ?? USUAL_PERIOD
  const paused = useLiveState() === 'paused' || period === '0'
  const query = useQuery({
    ...sessionsQuery(useParam('name')),
    // A page that nobody sees does not ask the server.
    refetchInterval: ({ state }) => !paused && Math.max(Number(period) * 1_000, state.status === 'error' ? AWAY_MS : 0),
  })
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2 text-dim">
        <p className="min-w-0 flex-1 basis-60">{t.sessions.hint}</p>
        {query.data?.truncated && <span className="text-warn">{t.sessions.truncated}</span>}
        {query.data && <Age at={hostTime(query.dataUpdatedAt)} />}
        <SelectFilter
          label={t.sessions.period}
          value={period}
          choices={PERIODS.map((value) => ({ value, label: t.sessions.periods[value] }))}
          onChange={(every) => setSearch({ every: every === USUAL_PERIOD ? undefined : oneOf(every, PERIODS) })}
        />
        <Button disabled={query.isFetching && paused} onClick={() => void query.refetch()}>
          <Icon name="refresh" />
          {t.sessions.refresh}
        </Button>
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={6} />}>
        {(live) =>
          live.queries.length === 0 ? (
            <EmptyState title={t.sessions.emptyTitle} text={t.sessions.emptyText} />
          ) : (
            <Sessions live={live} readAt={Date.parse(live.read_at ?? '')} />
          )
        }
      </QueryView>
    </>
  )
}

function Sessions({ live, readAt }: { live: LiveSessions; readAt: number }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const [opened, setOpened] = useState<{ in: 'tree' | 'table'; pid: number } | null>(null)
  const tree = useMemo(() => blockingTree(live.queries), [live.queries])
  const toggle = (place: 'tree' | 'table') => (pid: number) =>
    setOpened(opened?.in === place && opened.pid === pid ? null : { in: place, pid })
  const { q: text = '', wait, state } = search
  const filter = { text, state, wait }
  const rows = filterSessions(live.queries, filter)
  const counts = countStates(live.queries, filter)
  const states = SESSION_STATES.filter((value) => value !== 'unknown' || value === state || counts.unknown > 0)
  const waits = countWaits(filterSessions(live.queries, filter, 'wait'))
  const known = wait === undefined || waits.some((one) => one.wait === wait) ? waits : [{ wait, count: 0 }, ...waits]
  return (
    <>
      {counts.unknown > 0 && (
        <p className="mb-3 rounded-md bg-sunken px-3 py-2 text-warn">{t.sessions.unknown(counts.unknown)}</p>
      )}
      {live.query_texts_hidden && <p className="mb-3 rounded-md bg-sunken px-3 py-2">{t.sessions.textsHidden}</p>}
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.sessions.searchLabel}
          value={text}
          onChange={(q) => setSearch({ q })}
          className="w-full sm:w-72"
        />
        <Segmented
          label={t.sessions.columns.state}
          value={state ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all, count: filterSessions(live.queries, filter, 'state').length },
            ...states.map((value) => ({ value, label: t.sessions.states[value], count: counts[value] })),
          ]}
          onChange={(value) => setSearch({ state: value === 'all' ? undefined : value })}
        />
        {known.length > 0 && (
          <SelectFilter
            label={t.sessions.columns.wait}
            value={wait ?? ''}
            choices={[
              { value: '', label: `${t.sessions.columns.wait}: ${t.common.all.toLocaleLowerCase()}` },
              ...known.map((one) => ({ value: one.wait, label: `${one.wait} (${one.count})` })),
            ]}
            onChange={(chosen) => setSearch({ wait: chosen === '' ? undefined : chosen })}
          />
        )}
      </div>
      {opened !== null && !live.queries.some(({ pid }) => pid === opened.pid) && (
        <p role="status" className="mb-3 rounded-md bg-sunken px-3 py-2">
          {t.sessions.gone(opened.pid)}
        </p>
      )}
      {tree.length > 0 && (
        <BlockingTree
          tree={tree}
          room={state === 'blocked' ? TREE_ROWS : GLANCE_ROWS}
          readAt={readAt}
          open={opened?.in === 'tree' ? opened.pid : undefined}
          onToggle={toggle('tree')}
          onAll={state === 'blocked' ? undefined : () => setSearch({ state: 'blocked' })}
        />
      )}
      {rows.length > 0 ? (
        <SessionsTable
          sessions={rows}
          blocked={countBlocked(live.queries)}
          readAt={readAt}
          open={opened?.in === 'table' ? opened.pid : undefined}
          onToggle={toggle('table')}
        />
      ) : state === 'blocked' && counts.blocked === 0 && text === '' && wait === undefined ? (
        <EmptyState title={t.sessions.nobodyTitle} text={t.sessions.nobodyText} />
      ) : (
        <NoMatchState
          title={t.sessions.noMatchTitle}
          onReset={() => setSearch({ q: undefined, state: undefined, wait: undefined })}
        />
      )}
    </>
  )
}

interface TableProps {
  sessions: LiveQuery[]
  /** How many wait for each process. */
  blocked: ReadonlyMap<number, number>
  readAt: number
  open: number | undefined
  onToggle: (pid: number) => void
}

function SessionsTable({ sessions, blocked, readAt, open, onToggle }: TableProps) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  // What one reads must neither move away nor change.
  useHold(sessions.some((session) => session.pid === open))
  const columns = useColumns({ readAt, blocked, open, onToggle })
  const sort = parseSort(search.sort, COLUMN_IDS)
  const rows = useMemo(
    () => (sort === undefined ? sessions.toSorted(byWeight(blocked)) : sessions),
    [sessions, blocked, sort],
  )
  return (
    <DataTable
      label={t.sessions.title}
      columns={columns}
      rows={rows}
      rowKey={(session) => String(session.pid)}
      rowHeight={34}
      sort={sort}
      onSort={(next) => setSearch({ sort: sortToText(next) })}
      card={(session) => (
        <SessionCard
          session={session}
          blocks={blocked.get(session.pid)}
          readAt={readAt}
          open={open === session.pid}
          onToggle={() => onToggle(session.pid)}
        />
      )}
      onOpen={(session) => onToggle(session.pid)}
      detail={(session) =>
        open === session.pid ? (
          <SessionDetails session={session} blocks={blocked.get(session.pid)} readAt={readAt} />
        ) : null
      }
    />
  )
}

function useColumns({ readAt, blocked, open, onToggle }: Omit<TableProps, 'sessions'>): Column<LiveQuery, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.sessions.columns
  const text = (value: string | null | undefined) => value || u.integer(null)
  const time = (
    id: 'transaction' | 'statement',
    begun: (session: LiveQuery) => string | null | undefined,
  ): Column<LiveQuery, ColumnId> => ({
    id,
    header: names[id],
    numeric: true,
    sortBy: (session) => lasted(begun(session), readAt),
    cell: (session) => u.duration(lasted(begun(session), readAt)),
    width: 110,
    priority: id === 'transaction' ? 3 : 4,
  })
  return [
    {
      id: 'pid',
      header: names.pid,
      sortBy: (session) => session.pid,
      cell: (session) => (
        <PidButton session={session} open={open === session.pid} onToggle={() => onToggle(session.pid)} />
      ),
      width: 92,
      priority: 0,
    },
    {
      id: 'state',
      header: names.state,
      sortBy: (session) => session.state,
      cell: (session) => <StateCell session={session} blocks={blocked.get(session.pid)} />,
      width: 190,
      priority: 2,
    },
    {
      id: 'wait',
      header: names.wait,
      sortBy: waitOf,
      cell: (session) => <WaitCell session={session} />,
      width: 150,
      priority: 5,
    },
    time('transaction', (session) => session.xact_start),
    time('statement', statementStart),
    {
      id: 'user',
      header: names.user,
      sortBy: (session) => session.usename,
      cell: (session) => text(session.usename),
      width: 110,
      priority: 6,
    },
    {
      id: 'database',
      header: names.database,
      sortBy: (session) => session.datname,
      cell: (session) => text(session.datname),
      width: 110,
      priority: 7,
    },
    {
      id: 'application',
      header: names.application,
      sortBy: (session) => session.application_name,
      cell: (session) => text(session.application_name),
      width: 110,
      priority: 8,
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
}

interface Blocks {
  /** How many wait for it. */
  blocks: number | undefined
}

/** The row where there is no room for columns. */
function SessionCard({ readAt, blocks, ...row }: RowProps & Blocks & { readAt: number }) {
  const { u } = useI18n()
  const { session } = row
  const who = [session.usename, session.datname, session.application_name].filter(Boolean).join(' · ')
  const lasting = lasted(session.xact_start ?? statementStart(session), readAt)
  return (
    <>
      <div className="flex items-center gap-2">
        <PidButton {...row} />
        <StateCell session={session} blocks={blocks} />
        <span className="ml-auto shrink-0 text-xs text-dim tabular-nums">{u.duration(lasting)}</span>
      </div>
      <div className="flex gap-2 text-xs">
        <span className="min-w-0 truncate text-dim">{who}</span>
        <WaitCell session={session} className="ml-auto shrink-0" />
      </div>
      <code className="block truncate font-mono text-xs">{session.query ?? u.integer(null)}</code>
    </>
  )
}

function WaitCell({ session, className }: { session: LiveQuery; className?: string }) {
  const { t } = useI18n()
  const by = session.blocked_by
  return (
    <span
      title={waitOf(session) ?? undefined}
      className={cx(session.wait_event_type === 'Lock' ? 'text-warn' : 'text-dim', className)}
    >
      {by.length > 0 && `${t.sessions.blockedBy(by)} · `}
      {waitOf(session)}
    </span>
  )
}

/** In words, and with colour only where one should look. */
function StateCell({ session, blocks }: { session: LiveQuery } & Blocks) {
  const { t, u } = useI18n()
  const idleInTransaction = session.state?.startsWith('idle in transaction') === true
  return (
    <span className={cx(idleInTransaction && 'text-warn', session.state === 'idle' && 'text-dim')}>
      {blocks !== undefined && <span className="font-semibold text-bad">{t.sessions.blocks(blocks)} · </span>}
      {session.state ?? u.integer(null)}
    </span>
  )
}
