import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { LastRun, Plugin, PluginOnServer } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Age } from '../../blocks/age'
import { type Column, DataTable } from '../../blocks/data-table'
import { EmptyState } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canRunPlugins } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { parseSort, sortOf, sortToText } from '../../lib/url-state'
import { Badge, type Tone } from '../../ui/badge'
import { IconButton } from '../../ui/button'
import { RunBadge } from '../runs/runs-view'
import { useRunNow } from './plugin-actions'
import { usePlugin } from './use-plugin'

const COLUMN_IDS = ['server', 'state', 'due', 'last', 'success', 'run'] as const
type ColumnId = (typeof COLUMN_IDS)[number]
const TONES: Record<PluginOnServer['state'], Tone> = {
  quarantined: 'bad',
  'backed-off': 'warn',
  running: 'info',
  waiting: 'ok',
}
const ORDER: Record<PluginOnServer['state'], number> = { quarantined: 0, 'backed-off': 1, running: 2, waiting: 3 }
const IN_URL = { sort: sortOf(COLUMN_IDS) }
const DEFAULT_SORT = { id: 'state', descending: false } as const

interface Row {
  on: PluginOnServer
  last: LastRun | undefined
}

/** How the plugin stands on each server: what is due when, what is backed off, how the last run went. */
export function PluginServersTab() {
  const { t } = useI18n()
  const plugin = usePlugin()
  const [search, setSearch] = useUrlState(IN_URL)
  const rows = useMemo(() => (plugin === undefined ? [] : rowsOf(plugin)), [plugin])
  const columns = useColumns(plugin?.name ?? '')
  if (plugin === undefined) return null
  if (rows.length === 0) {
    const { state_detail: why } = plugin
    return <EmptyState title={t.plugins.nowhereTitle} text={why ? t.said(why) : t.plugins.nowhereText} />
  }
  return (
    <DataTable
      label={t.plugins.tabs.servers}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.on.server ?? ''}
      sort={parseSort(search.sort, COLUMN_IDS) ?? DEFAULT_SORT}
      onSort={(sort) => setSearch({ sort: sortToText(sort) })}
    />
  )
}

function rowsOf(plugin: Plugin): Row[] {
  const last = new Map(plugin.last_runs.map((run) => [run.server, run]))
  return plugin.on_servers.map((on) => ({ on, last: last.get(on.server) }))
}

function useColumns(plugin: string): Column<Row, ColumnId>[] {
  const { t, u } = useI18n()
  const names = t.plugins.serverColumns
  return useMemo(
    () => [
      {
        id: 'server',
        header: names.server,
        width: 160,
        grow: true,
        priority: 0,
        sortBy: (row) => row.on.server,
        cell: (row) =>
          row.on.server == null ? (
            <span className="text-dim">{t.runs.hostScope}</span>
          ) : (
            <Link to={paths.server(row.on.server)} className="font-medium text-accent-strong hover:underline">
              {row.on.server}
            </Link>
          ),
      },
      {
        id: 'state',
        header: names.state,
        width: 240,
        priority: 1,
        sortBy: (row) => ORDER[row.on.state],
        cell: (row) => (
          <Badge tone={TONES[row.on.state]} icon={row.on.state === 'running' ? 'play' : 'clock'}>
            {t.plugins.serverStates[row.on.state]}
            {row.on.failures > 0 && ` · ${t.plugins.failures(row.on.failures)}`}
          </Badge>
        ),
      },
      {
        id: 'due',
        header: names.due,
        width: 120,
        numeric: true,
        priority: 2,
        sortBy: (row) => row.on.due_in_ms,
        cell: (row) => (
          <>
            {row.on.running_for_ms == null
              ? u.ahead(row.on.due_in_ms)
              : t.plugins.runningFor(u.duration(row.on.running_for_ms))}
            {row.on.slowed_to_ms != null && (
              <div className="truncate text-xs text-warn" title={t.plugins.slowedWhy}>
                {t.plugins.slowed(u.duration(row.on.slowed_to_ms))}
              </div>
            )}
          </>
        ),
      },
      {
        id: 'last',
        header: names.last,
        width: 260,
        grow: true,
        priority: 3,
        sortBy: (row) => (row.last === undefined ? null : Date.parse(row.last.started_at)),
        cell: (row) => (row.last === undefined ? t.plugins.noRuns : <LastRunCell run={row.last} />),
      },
      {
        id: 'success',
        header: names.success,
        width: 140,
        numeric: true,
        priority: 5,
        sortBy: (row) => (row.last?.last_success_at ? Date.parse(row.last.last_success_at) : null),
        cell: (row) => <Age at={row.last?.last_success_at} className="text-dim" />,
      },
      {
        id: 'run',
        header: t.common.actions,
        plain: true,
        width: 56,
        priority: 4,
        cell: (row) => <RunHere plugin={plugin} server={row.on.server ?? null} />,
      },
    ],
    [t, u, names, plugin],
  )
}

function LastRunCell({ run }: { run: LastRun }) {
  const { t } = useI18n()
  const detail = t.said(run.detail ?? '')
  return (
    <span className="flex min-w-0 items-center gap-2 max-sm:flex-wrap max-sm:gap-y-0">
      <RunBadge run={run} />
      <span className="min-w-0 truncate text-dim" title={detail}>
        {detail}
      </span>
      <Age at={run.started_at} className="ml-auto shrink-0 text-xs text-dim" />
    </span>
  )
}

function RunHere({ plugin, server }: { plugin: string; server: string | null }) {
  const { t } = useI18n()
  const run = useRunNow(plugin)
  if (!canRunPlugins(useUser().role)) return null
  return (
    <IconButton
      icon="play"
      label={t.plugins.runOn(server ?? t.runs.hostScope)}
      disabled={run.isPending}
      onClick={() => run.mutate(server)}
      className="size-7"
    />
  )
}
