import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { asProblem } from '../../api/problem'
import { pluginsQuery } from '../../api/queries'
import type { Plugin, PluginState, Reload } from '../../api/types'
import { useUser } from '../../app/session-context'
import { type Column, DataTable } from '../../blocks/data-table'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { problemText } from '../../i18n/problem-text'
import { paths } from '../../lib/paths'
import { canManagePlugins } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, choiceOf, parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'
import { toast } from '../../ui/toasts'
import { LastRuns, PluginStateBadge } from './plugin-badges'
import { probeWords } from './probe-words'
import { ReloadReport } from './reload-report'
import { failureText, newestFailure } from './trouble-model'

const COLUMN_IDS = ['name', 'state', 'runs', 'interval', 'version', 'probe'] as const
type ColumnId = (typeof COLUMN_IDS)[number]

/** The worst first. */
const STATE_ORDER: Record<PluginState, number> = {
  quarantined: 0,
  refused: 1,
  degraded: 2,
  running: 3,
  loaded: 4,
  disabled: 5,
}
const STATES = ['running', 'loaded', 'degraded', 'quarantined', 'refused', 'disabled'] as const
const IN_URL = { q: anyText, state: choiceOf(STATES), sort: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'name', descending: false } as const

export function PluginsPage() {
  const { t } = useI18n()
  const query = useQuery(pluginsQuery())
  return (
    <>
      <PageHeader title={t.plugins.title} time="live" note={t.plugins.hint}>
        {canManagePlugins(useUser().role) && <ReloadButton />}
      </PageHeader>
      <QueryView query={query} skeleton={<TableSkeleton rows={7} />}>
        {(plugins) =>
          plugins.length === 0 ? (
            <EmptyState title={t.plugins.emptyTitle} text={t.plugins.emptyText} />
          ) : (
            <PluginsTable plugins={plugins} />
          )
        }
      </QueryView>
    </>
  )
}

/** Reads plugins.toml again, also where the host does not see that it changed; what came of it is told. */
function ReloadButton() {
  const { t } = useI18n()
  const client = useQueryClient()
  const [report, setReport] = useState<Reload | null>(null)
  const reload = useMutation({
    mutationFn: () => unwrap(api.POST('/api/plugins/reload')),
    onSuccess: async (answer) => {
      setReport(answer)
      await client.invalidateQueries({ queryKey: pluginsQuery().queryKey })
    },
    onError: (error) => toast(problemText(t, asProblem(error)), 'bad'),
  })
  return (
    <>
      {/* Keeps the focus, to which the report gives it back: a button that is `disabled` loses it. */}
      <Button aria-disabled={reload.isPending} onClick={() => reload.isPending || reload.mutate()}>
        <Icon name="refresh" />
        {reload.isPending ? t.plugins.reloading : t.plugins.reload}
      </Button>
      {report && <ReloadReport report={report} onClose={() => setReport(null)} />}
    </>
  )
}

function PluginsTable({ plugins }: { plugins: Plugin[] }) {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const columns = useColumns()
  const { q = '', state } = search
  const found = plugins.filter((plugin) => matchesSearch(q, [plugin.name, plugin.probe, plugin.metadata?.summary]))
  const rows = state === undefined ? found : found.filter((plugin) => plugin.state === state)
  const present = STATES.filter((value) => value === state || plugins.some((plugin) => plugin.state === value))
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.plugins.searchLabel}
          value={q}
          onChange={(text) => setSearch({ q: text })}
          className="w-full sm:w-72"
        />
        <Segmented
          label={t.plugins.columns.state}
          value={state ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all, count: found.length },
            ...present.map((value) => ({
              value,
              label: t.pluginStates[value],
              count: found.filter((plugin) => plugin.state === value).length,
            })),
          ]}
          onChange={(value) => setSearch({ state: value === 'all' ? undefined : value })}
        />
      </div>
      {rows.length === 0 ? (
        <NoMatchState title={t.plugins.noMatchTitle} onReset={() => setSearch({ q: undefined, state: undefined })} />
      ) : (
        <DataTable
          label={t.plugins.title}
          columns={columns}
          rows={rows}
          rowKey={(plugin) => plugin.name}
          rowHeight={46}
          sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
          onSort={(sort) => setSearch({ sort: sortToText(sort) })}
        />
      )}
    </>
  )
}

function useColumns(): Column<Plugin, ColumnId>[] {
  const { t, u, locale } = useI18n()
  const names = t.plugins.columns
  return useMemo(
    () => [
      {
        id: 'name',
        header: names.name,
        width: 220,
        grow: true,
        priority: 0,
        sortBy: (plugin) => plugin.name,
        cell: (plugin) => (
          <>
            <Link to={paths.plugin(plugin.name)} className="font-medium text-accent-strong hover:underline">
              {plugin.name}
            </Link>
            <div className="truncate text-xs text-dim">
              {plugin.metadata ? probeWords(plugin.metadata, locale).summary : plugin.probe}
            </div>
          </>
        ),
      },
      {
        id: 'state',
        header: names.state,
        width: 210,
        grow: true,
        priority: 1,
        sortBy: (plugin) => STATE_ORDER[plugin.state],
        cell: (plugin) => <StateCell plugin={plugin} />,
      },
      {
        id: 'runs',
        header: names.lastRuns,
        width: 310,
        priority: 2,
        sortBy: (plugin) => -plugin.runs.failed,
        cell: (plugin) => <LastRuns plugin={plugin} />,
      },
      {
        id: 'interval',
        header: names.interval,
        width: 96,
        numeric: true,
        priority: 3,
        sortBy: (plugin) => plugin.interval_ms,
        cell: (plugin) => u.duration(plugin.interval_ms),
      },
      {
        id: 'version',
        header: t.plugins.version,
        width: 110,
        priority: 4,
        sortBy: (plugin) => plugin.metadata?.version,
        cell: (plugin) => <span title={plugin.digest ?? undefined}>{plugin.metadata?.version ?? u.integer(null)}</span>,
      },
      {
        id: 'probe',
        header: names.probe,
        width: 200,
        priority: 6,
        sortBy: (plugin) => plugin.probe,
        cell: (plugin) => <code className="font-mono text-xs">{plugin.probe}</code>,
      },
    ],
    [t, u, locale, names],
  )
}

function StateCell({ plugin }: { plugin: Plugin }) {
  const { t } = useI18n()
  const { state, state_detail: detail, missing_grants: missing, is_held_back: heldBack } = plugin
  const own = missing.length > 0 ? t.plugins.notGranted(missing.join(', ')) : heldBack ? t.plugins.heldBack : ''
  const failure = detail == null ? undefined : newestFailure(plugin)
  const note = [detail == null ? own : t.said(detail), failure && failureText(failure, t)].filter(Boolean).join(' · ')
  return (
    <>
      <PluginStateBadge state={state} />
      {note !== '' && (
        <div className="truncate text-xs text-dim" title={note}>
          {note}
        </div>
      )}
    </>
  )
}
