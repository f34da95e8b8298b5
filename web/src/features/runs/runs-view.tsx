import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { LIST_LIMIT, pluginsQuery, runsQuery, serversQuery } from '../../api/queries'
import type { Run } from '../../api/types'
import type { RunsSearch } from '../../app/router'
import { Age } from '../../blocks/age'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useUrlState } from '../../lib/router-hooks'
import { Badge, type Tone } from '../../ui/badge'
import { cx } from '../../ui/classes'
import { SelectFilter } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'

const TONES: Record<Run['outcome'], Tone> = { collected: 'ok', 'not-applicable': 'idle', failed: 'bad' }
const OUTCOMES = ['collected', 'failed', 'not-applicable'] as const

/** Runs, newest first, of everything or of one server or plugin; what failed says why at once. */
export function RunsView(props: { server?: string; plugin?: string }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState<RunsSearch>()
  const filter = {
    server: props.server ?? search.server,
    plugin: props.plugin ?? search.plugin,
    outcome: search.outcome,
  }
  const query = useQuery(runsQuery(filter))
  const filtered =
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
        {query.data && query.data.length >= LIST_LIMIT && (
          <span className="text-dim">{t.runs.limited(LIST_LIMIT)}</span>
        )}
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={10} />}>
        {(runs) =>
          runs.length > 0 ? (
            <RunsTable runs={runs} hideServer={props.server !== undefined} hidePlugin={props.plugin !== undefined} />
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

export function NameFilter(props: FilterProps & { label: string; names: string[] }) {
  const { t } = useI18n()
  // The chosen one stays visible, even where it does not exist any more.
  const names =
    props.value === undefined || props.names.includes(props.value) ? props.names : [props.value, ...props.names]
  return (
    <SelectFilter
      label={props.label}
      value={props.value ?? ''}
      choices={[
        { value: '', label: `${props.label}: ${t.common.all.toLocaleLowerCase()}` },
        ...names.map((name) => ({ value: name, label: name })),
      ]}
      onChange={(value) => props.onChange(value === '' ? undefined : value)}
    />
  )
}

function RunsTable(props: { runs: Run[]; hideServer: boolean; hidePlugin: boolean }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <ul className="overflow-hidden rounded-lg border border-line bg-panel">
      {props.runs.map((run) => (
        <li key={run.id} className="border-b border-line last:border-b-0">
          <RunRow
            run={run}
            hideServer={props.hideServer}
            hidePlugin={props.hidePlugin}
            open={open === run.id}
            onToggle={() => setOpen(open === run.id ? null : run.id)}
          />
        </li>
      ))}
    </ul>
  )
}

function RunRow(props: { run: Run; hideServer: boolean; hidePlugin: boolean; open: boolean; onToggle: () => void }) {
  const { t, u } = useI18n()
  const { run } = props
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-3 py-1.5 hover:bg-sunken/60">
        <button
          type="button"
          aria-expanded={props.open}
          aria-label={t.runs.open(run.plugin, run.server ?? t.runs.hostScope)}
          onClick={props.onToggle}
          className="grid size-[24px] shrink-0 place-items-center rounded hover:bg-sunken"
        >
          <Icon name="chevron" className={cx('size-3.5', !props.open && '-rotate-90')} />
        </button>
        <span className="flex lg:w-44">
          <Badge tone={TONES[run.outcome]} {...(run.outcome === 'not-applicable' ? { icon: 'minus' as const } : {})}>
            {run.reason ? t.failureReasons[run.reason] : t.runOutcomes[run.outcome]}
          </Badge>
        </span>
        {!props.hidePlugin && (
          <Link
            to={paths.plugin(run.plugin)}
            className="truncate font-medium text-accent-strong hover:underline lg:w-44"
          >
            {run.plugin}
          </Link>
        )}
        {!props.hideServer &&
          (run.server == null ? (
            <span className="text-dim lg:w-40">{t.runs.hostScope}</span>
          ) : (
            <Link to={paths.server(run.server)} className="truncate text-accent-strong hover:underline lg:w-40">
              {run.server}
            </Link>
          ))}
        <span className="order-last w-full min-w-0 truncate pl-9 text-dim lg:order-none lg:w-auto lg:flex-1 lg:pl-0">
          {run.detail}
          {run.absences.length > 0 && <span className="text-warn"> {t.runs.absences(run.absences.length)}</span>}
        </span>
        <span className="ml-auto flex gap-3 text-xs text-dim">
          <span title={t.runs.columns.values} className="hidden w-14 text-right sm:inline">
            {u.integer(run.values)}
          </span>
          <span title={t.runs.columns.duration} className="w-14 text-right">
            {u.duration(run.duration_ms)}
          </span>
          <Age at={run.started_at} className="w-24 text-right" />
        </span>
      </div>
      {props.open && <RunDetails run={run} />}
    </>
  )
}

function RunDetails({ run }: { run: Run }) {
  const { t, u } = useI18n()
  const { cost } = run
  const costs = [
    `${t.runs.cost.cpu} ${u.duration(cost.cpu_us / 1_000)}`,
    `${t.runs.cost.memory} ${u.bytes(cost.memory_peak_bytes)}`,
    t.runs.cost.queries(cost.queries),
    t.runs.cost.rows(cost.rows),
    `${t.runs.cost.received} ${u.bytes(cost.bytes)}`,
    ...(cost.ssh_commands > 0 ? [t.runs.cost.ssh(cost.ssh_commands)] : []),
    `${t.runs.cost.waited} ${u.duration(cost.host_call_us / 1_000)}`,
  ]
  return (
    <div className="grid gap-3 border-t border-line bg-canvas px-3 py-3 sm:pl-12">
      <p className="break-words">
        {u.dateTime(run.started_at)}
        {run.trigger === 'request' && `, ${t.runs.onRequest}`}
        {run.ticks_skipped > 0 && <span className="text-warn"> · {t.runs.skipped(run.ticks_skipped)}</span>}
      </p>
      {run.detail && <p className="break-words whitespace-pre-wrap">{run.detail}</p>}
      <p className="text-dim">
        {t.runs.columns.cost}: {costs.join(' · ')}
      </p>
      {run.absences.length > 0 && (
        <section aria-label={t.runs.absent}>
          <h3 className="font-semibold">{t.runs.absent}</h3>
          <ul className="mt-1 grid gap-1">
            {run.absences.map((absence) => (
              <li key={`${absence.set} ${absence.labels.join(' ')}`} className="break-words">
                <code className="font-mono text-xs">
                  {absence.set} {absence.labels.join(', ')}
                </code>{' '}
                <span className="text-warn">{t.absenceReasons[absence.reason]}</span>: {absence.detail}
              </li>
            ))}
          </ul>
        </section>
      )}
      {run.log.length > 0 && (
        <section aria-label={t.runs.log}>
          <h3 className="font-semibold">{t.runs.log}</h3>
          <ul className="mt-1 font-mono text-xs">
            {run.log.map((line, index) => (
              <li key={index} className="break-words">
                <span className="text-dim">{line.severity}</span> {line.message}
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className="text-xs break-all text-dim">{run.id}</p>
    </div>
  )
}
