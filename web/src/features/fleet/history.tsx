import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { costsQuery } from '../../api/history-queries'
import { useTime } from '../../app/time'
import { type Column, DataTable } from '../../blocks/data-table'
import { ServerStateBadge } from '../../blocks/server-state'
import { useI18n } from '../../i18n'
import { useNow } from '../../lib/now'
import { paths } from '../../lib/paths'
import { useSettled } from '../../lib/settled'
import { resolveRange } from '../../lib/time-range'
import { type Judged, rank } from './fleet-model'
import { type CellState, cellLength, type HistoryCell, HOUR_MS, historyCells } from './history-model'

/** How every server did over the chosen time, the worst of now first. A row asks for its own hours when it is in view. */
export function History({ judged }: { judged: readonly Judged[] }) {
  const { t, u } = useI18n()
  const { range } = useTime()
  const now = useNow()
  const { from, to } = resolveRange(range, now)
  const header = `${u.dateTime(from)} – ${u.dateTime(to)}`
  const columns = useMemo<Column<Judged>[]>(
    () => [
      {
        id: 'name',
        header: t.common.server,
        width: 150,
        priority: 0,
        cell: ({ server }) => <ServerLink name={server.name} />,
      },
      {
        id: 'state',
        header: t.fleet.measures.severity,
        width: 150,
        priority: 2,
        cell: ({ server }) => <ServerStateBadge server={server} />,
      },
      {
        id: 'history',
        header,
        width: 240,
        grow: true,
        priority: 1,
        cell: ({ server }) => <Strip server={server.name} />,
      },
    ],
    [t, header],
  )
  const rows = useMemo(
    () => judged.toSorted((a, b) => rank(a) - rank(b) || a.server.name.localeCompare(b.server.name)),
    [judged],
  )
  return (
    <>
      <p className="mb-2 flex flex-wrap gap-x-4 text-xs text-dim">
        {(['ok', 'some', 'bad', 'none'] as const).map((state) => (
          <span key={state} className="inline-flex items-center gap-1.5">
            <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" className="h-3 w-2">
              <Bar state={state} at={0} />
            </svg>
            {t.fleet.history.states[state]}
          </span>
        ))}
        <span>{t.fleet.history.cell(u.duration(cellLength((to - from) / HOUR_MS)))}</span>
        <span className="w-full sm:hidden">{header}</span>
      </p>
      <DataTable
        label={t.fleet.history.title}
        columns={columns}
        rows={rows}
        rowKey={({ server }) => server.name}
        rowHeight={30}
        card={(one) => <HistoryCard judged={one} />}
        maxHeightClass="max-h-[60dvh]"
      />
    </>
  )
}

function ServerLink({ name }: { name: string }) {
  return (
    <Link to={paths.serverPlugins(name)} className="font-medium text-accent-strong hover:underline">
      {name}
    </Link>
  )
}

/** The row where there is no room for columns. */
function HistoryCard({ judged: { server } }: { judged: Judged }) {
  return (
    <>
      <div className="mb-1 flex items-center justify-between gap-2">
        <ServerLink name={server.name} />
        <ServerStateBadge server={server} />
      </div>
      <Strip server={server.name} />
    </>
  )
}

function Strip({ server }: { server: string }) {
  const { t, u } = useI18n()
  const { range } = useTime()
  const settled = useSettled()
  const query = useQuery({ ...costsQuery({ server }, range, 'hour'), enabled: settled })
  const cells = useMemo(() => (query.data === undefined ? undefined : historyCells(query.data)), [query.data])
  if (cells === undefined) {
    return <span className="text-xs text-dim">{query.isError ? t.states.errorTitle : '\u00a0'}</span>
  }
  const count = (state: CellState) => cells.filter((cell) => cell.state === state).length
  const tell = ({ from, to, runs, failed, state }: HistoryCell) =>
    `${u.dateTime(from)} – ${u.clock(to)}: ${t.fleet.history.states[state]}, ${t.fleet.history.runs(u.integer(runs), u.integer(failed))}`
  return (
    <svg
      role="img"
      aria-label={t.fleet.history.summary(cells.length, count('bad'), count('some'), count('none'))}
      viewBox={`0 0 ${cells.length} 1`}
      preserveAspectRatio="none"
      className="block h-4 w-full"
    >
      {cells.map((cell, index) => (
        <g key={cell.from}>
          <title>{tell(cell)}</title>
          <Bar state={cell.state} at={index} />
        </g>
      ))}
    </svg>
  )
}

/** The worse, the higher: colour alone would say nothing to some. */
const BARS: Record<CellState, { height: number; className: string }> = {
  ok: { height: 0.35, className: 'fill-bar-ok' },
  some: { height: 0.65, className: 'fill-bar-warn' },
  bad: { height: 1, className: 'fill-bar-bad' },
  none: { height: 0.1, className: 'fill-line-strong' },
}

function Bar({ state, at }: { state: CellState; at: number }) {
  const { height, className } = BARS[state]
  return <rect x={at + 0.06} y={1 - height} width={0.88} height={height} className={className} />
}
