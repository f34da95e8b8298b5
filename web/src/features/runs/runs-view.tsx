import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { pluginsQuery, runsWithinQuery, serversQuery } from '../../api/queries'
import type { Run } from '../../api/types'
import { useHold } from '../../app/live'
import { useTime } from '../../app/time'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { NameFilter } from '../../blocks/name-filter'
import { ReadOn } from '../../blocks/read-on'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, choiceOf, matching, type SearchOf } from '../../lib/url-state'
import { Badge, type Tone } from '../../ui/badge'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'
import { RunDetails } from './run-details'

const TONES: Record<Run['outcome'], Tone> = { collected: 'ok', 'not-applicable': 'idle', failed: 'bad' }
const OUTCOMES = ['collected', 'failed', 'not-applicable'] as const

/** `before`: the run after which a long list is read on. */
const IN_URL = { outcome: choiceOf(OUTCOMES), server: anyText, plugin: anyText, before: matching(/^[0-9a-f-]{36}$/) }

/** Runs of the chosen time, newest first, of everything or of one server or plugin; what failed says why at once. */
export function RunsView(props: { server?: string; plugin?: string }) {
  const { t } = useI18n()
  const { range } = useTime()
  const [search, setUrl] = useUrlState(IN_URL)
  // Another filter begins at its newest run.
  const setSearch = (change: SearchOf<typeof IN_URL>) => setUrl({ before: undefined, ...change })
  const { before } = search
  const filter = {
    server: props.server ?? search.server,
    plugin: props.plugin ?? search.plugin,
    outcome: search.outcome,
  }
  const query = useQuery(runsWithinQuery(filter, range, before))
  const filtered =
    before !== undefined ||
    search.outcome !== undefined ||
    (props.server === undefined && search.server !== undefined) ||
    (props.plugin === undefined && search.plugin !== undefined)
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Segmented
          label={t.runs.filterOutcome}
          value={search.outcome ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all },
            ...OUTCOMES.map((outcome) => ({ value: outcome, label: t.runOutcomes[outcome] })),
          ]}
          onChange={(value) => setSearch({ outcome: value === 'all' ? undefined : value })}
        />
        {props.plugin === undefined && (
          <PluginFilter value={search.plugin} onChange={(plugin) => setSearch({ plugin })} />
        )}
        {props.server === undefined && (
          <ServerFilter value={search.server} onChange={(server) => setSearch({ server })} />
        )}
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={10} />}>
        {(runs) =>
          runs.length > 0 ? (
            // While other runs are loaded, these stay for the place and the focus, and are seen to be old.
            <div aria-busy={query.isPlaceholderData} className="aria-busy:opacity-60">
              <RunsTable runs={runs} hideServer={props.server !== undefined} hidePlugin={props.plugin !== undefined} />
              <ReadOn items={runs} before={before} onGo={(next) => setUrl({ before: next }, 'push')} />
            </div>
          ) : filtered ? (
            <NoMatchState
              title={t.runs.noMatchTitle}
              onReset={() => setSearch({ outcome: undefined, server: undefined, plugin: undefined })}
            />
          ) : (
            <EmptyState title={t.runs.emptyTitle} text={t.runs.emptyText} />
          )
        }
      </QueryView>
    </>
  )
}

/** Below the table of runs. */
const FURTHER_RESERVE = 60

interface FilterProps {
  value: string | undefined
  onChange: (value: string | undefined) => void
}

export function ServerFilter(props: FilterProps) {
  const { t } = useI18n()
  const servers = useQuery(serversQuery())
  return <NameFilter {...props} label={t.runs.filterServer} names={(servers.data ?? []).map((server) => server.name)} />
}

function PluginFilter(props: FilterProps) {
  const { t } = useI18n()
  const plugins = useQuery(pluginsQuery())
  return <NameFilter {...props} label={t.runs.filterPlugin} names={(plugins.data ?? []).map((plugin) => plugin.name)} />
}

export function RunBadge({ run }: { run: Pick<Run, 'outcome' | 'reason'> }) {
  const { t } = useI18n()
  return (
    <Badge tone={TONES[run.outcome]} {...(run.outcome === 'not-applicable' ? { icon: 'minus' as const } : {})}>
      {run.reason ? t.failureReasons[run.reason] : t.runOutcomes[run.outcome]}
    </Badge>
  )
}

function RunsTable(props: { runs: Run[]; hideServer: boolean; hidePlugin: boolean }) {
  const { t } = useI18n()
  const [open, setOpen] = useState<string | null>(null)
  const toggle = (run: Run) => setOpen(open === run.id ? null : run.id)
  // What one reads must not move away.
  useHold(props.runs.some((run) => run.id === open))
  const columns = useColumns(props.hideServer, props.hidePlugin, open, toggle)
  return (
    <DataTable
      label={t.runs.title}
      columns={columns}
      rows={props.runs}
      rowKey={(run) => run.id}
      rowHeight={36}
      reserve={FURTHER_RESERVE}
      onOpen={toggle}
      detail={(run) => (open === run.id ? <RunDetails run={run} /> : null)}
      card={(run) => <RunCard run={run} open={open === run.id} onToggle={() => toggle(run)} />}
    />
  )
}

function useColumns(
  hideServer: boolean,
  hidePlugin: boolean,
  open: string | null,
  toggle: (run: Run) => void,
): Column<Run>[] {
  const { t, u } = useI18n()
  const names = t.runs.columns
  return useMemo(() => {
    const columns: (Column<Run> & { hidden?: boolean })[] = [
      {
        id: 'open',
        header: t.common.details,
        plain: true,
        width: 44,
        priority: 0,
        cell: (run) => <OpenButton run={run} open={open === run.id} onToggle={() => toggle(run)} />,
      },
      { id: 'outcome', header: names.outcome, width: 218, priority: 1, cell: (run) => <RunBadge run={run} /> },
      {
        id: 'plugin',
        header: names.plugin,
        width: 176,
        priority: 2,
        hidden: hidePlugin,
        cell: (run) => <PluginLink run={run} />,
      },
      {
        id: 'server',
        header: names.server,
        width: 132,
        priority: 3,
        hidden: hideServer,
        cell: (run) => <ServerLink run={run} />,
      },
      { id: 'detail', header: names.detail, width: 170, grow: true, priority: 5, cell: (run) => <Detail run={run} /> },
      {
        id: 'values',
        header: names.values,
        width: 84,
        numeric: true,
        priority: 7,
        cell: (run) => u.integer(run.values),
      },
      {
        id: 'duration',
        header: names.duration,
        width: 92,
        numeric: true,
        priority: 6,
        cell: (run) => u.duration(run.duration_ms),
      },
      {
        id: 'started',
        header: names.started,
        width: 110,
        numeric: true,
        priority: 4,
        cell: (run) => <Age at={run.started_at} className="text-dim" />,
      },
    ]
    return columns.filter((column) => column.hidden !== true)
  }, [t, names, u, hideServer, hidePlugin, open, toggle])
}

interface RowProps {
  run: Run
  open: boolean
  onToggle: () => void
}

function OpenButton({ run, open, onToggle }: RowProps) {
  const { t } = useI18n()
  return (
    <button
      type="button"
      aria-expanded={open}
      aria-label={t.runs.open(run.plugin, run.server ?? t.runs.hostScope)}
      onClick={onToggle}
      className="-ml-1 grid size-[24px] place-items-center rounded text-dim hover:bg-sunken hover:text-ink"
    >
      <Icon name="chevron" className={cx('size-3.5', !open && '-rotate-90')} />
    </button>
  )
}

const PluginLink = ({ run }: { run: Run }) => (
  <Link to={paths.plugin(run.plugin)} className="font-medium text-accent-strong hover:underline">
    {run.plugin}
  </Link>
)

function ServerLink({ run }: { run: Run }) {
  const { t } = useI18n()
  if (run.server == null) return <span className="text-dim">{t.runs.hostScope}</span>
  return (
    <Link to={paths.server(run.server)} className="text-accent-strong hover:underline">
      {run.server}
    </Link>
  )
}

function Detail({ run }: { run: Run }) {
  const { t } = useI18n()
  return (
    <span className="text-dim" title={t.said(run.detail ?? '')}>
      {t.said(run.detail ?? '')}
      {run.absences.length > 0 && <span className="text-warn"> {t.runs.absences(run.absences.length)}</span>}
    </span>
  )
}

function RunCard({ run, open, onToggle }: RowProps) {
  const { u } = useI18n()
  return (
    <div className="grid gap-0.5">
      <div className="flex items-center gap-2">
        <OpenButton run={run} open={open} onToggle={onToggle} />
        <span className="flex min-w-0 flex-1">
          <RunBadge run={run} />
        </span>
        <Age at={run.started_at} className="shrink-0 text-xs text-dim" />
      </div>
      <div className="flex min-h-[24px] flex-wrap items-center gap-x-3 gap-y-1.5 pl-7">
        <PluginLink run={run} />
        <ServerLink run={run} />
        <span className="ml-auto text-xs text-dim">{u.duration(run.duration_ms)}</span>
      </div>
      <div className="truncate pl-7 text-xs">
        <Detail run={run} />
      </div>
    </div>
  )
}
