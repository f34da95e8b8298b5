import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { logStatsQuery, logsQuery } from '../../api/admin-queries'
import { pluginsQuery } from '../../api/queries'
import type { LogEntry, LogLevel } from '../../api/types'
import { useHold } from '../../app/live'
import { useUser } from '../../app/session-context'
import { useTime } from '../../app/time'
import { type Column, DataTable } from '../../blocks/data-table'
import { NameFilter } from '../../blocks/name-filter'
import { PageHeader } from '../../blocks/page-header'
import { pageFrom, pageText, readPage } from '../../blocks/pager'
import { ForbiddenState } from '../../blocks/state-view'
import { TRAIL_RESERVE, Trail } from '../../blocks/trail'
import { useI18n } from '../../i18n'
import { canSeeAudit } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, choiceOf, type SearchOf } from '../../lib/url-state'
import { Badge, type Tone } from '../../ui/badge'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'

const LEVELS = ['info', 'warning', 'error'] as const satisfies readonly LogLevel[]
const IN_URL = { q: anyText, level: choiceOf(LEVELS), source: anyText, page: readPage }
const TONES: Record<LogLevel, Tone> = { info: 'idle', warning: 'warn', error: 'bad' }
const SOURCES = ['system', 'collector_stats', 'collector_sizes', 'collector_db_info', 'maintenance'] as const

export function LogsPage() {
  const { t } = useI18n()
  const may = canSeeAudit(useUser().role)
  return (
    <>
      <PageHeader title={t.logs.title} note={may ? <Note /> : undefined} {...(may ? { time: 'range' as const } : {})} />
      {may ? <Logs /> : <ForbiddenState />}
    </>
  )
}

function Note() {
  const { t, u } = useI18n()
  const stats = useQuery(logStatsQuery()).data
  if (stats === undefined) return null
  const { errors_today: errors, warnings_today: warnings } = stats
  return (
    <span className="flex flex-wrap gap-2">
      {errors > 0 && <Badge tone="bad">{t.logs.errorsToday(errors)}</Badge>}
      {warnings > 0 && <Badge tone="warn">{t.logs.warningsToday(warnings)}</Badge>}
      {errors + warnings === 0 && t.logs.quiet(u.integer(stats.total))}
    </span>
  )
}

function Logs() {
  const { t } = useI18n()
  const { range } = useTime()
  const [search, setSearch] = useUrlState(IN_URL)
  const { q = '', source, level } = search
  const page = pageFrom(search.page)
  const query = useQuery(logsQuery({ text: q, level, source }, page, range))
  const filter = (change: SearchOf<typeof IN_URL>) => setSearch({ ...change, page: undefined })
  const sources: Record<string, string> = t.logs.sources
  // Every plugin writes under a name of its own.
  const plugins = useQuery(pluginsQuery()).data ?? []
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.logs.searchLabel}
          value={q}
          onChange={(text) => filter({ q: text })}
          className="w-full sm:w-72"
        />
        <Segmented
          label={t.logs.columns.level}
          value={level ?? 'all'}
          segments={[
            { value: 'all', label: t.common.all },
            ...LEVELS.map((value) => ({ value, label: t.logs.levels[value] })),
          ]}
          onChange={(value) => filter({ level: value === 'all' ? undefined : value })}
        />
        <NameFilter
          label={t.logs.columns.source}
          value={source}
          names={[...SOURCES, ...plugins.map((plugin) => `collector_${plugin.name}`)]}
          text={(name) => sources[name] ?? name}
          onChange={(chosen) => filter({ source: chosen })}
        />
      </div>
      <Trail
        query={query}
        page={page}
        onPage={(next) => setSearch({ page: pageText(next) }, 'push')}
        filtered={q !== '' || level !== undefined || source !== undefined}
        onReset={() => filter({ q: undefined, level: undefined, source: undefined })}
        empty={{ title: t.logs.emptyTitle, text: t.logs.emptyText }}
      >
        {(items) => <LogTable entries={items} />}
      </Trail>
    </>
  )
}

const keyOf = (entry: LogEntry) => `${entry.timestamp} ${entry.source} ${entry.message}`

function LogTable({ entries }: { entries: LogEntry[] }) {
  const { t, u } = useI18n()
  const [open, setOpen] = useState<string | null>(null)
  useHold(entries.some((entry) => keyOf(entry) === open))
  const names = t.logs.columns
  const columns = useMemo<Column<LogEntry>[]>(() => {
    const sources: Record<string, string> = t.logs.sources
    return [
      {
        id: 'message',
        header: names.message,
        width: 240,
        grow: true,
        priority: 0,
        cell: (entry) => (
          <Message
            entry={entry}
            open={open === keyOf(entry)}
            onToggle={() => setOpen(open === keyOf(entry) ? null : keyOf(entry))}
          />
        ),
      },
      {
        id: 'level',
        header: names.level,
        width: 150,
        priority: 1,
        cell: (entry) => (
          <Badge tone={TONES[entry.level]} {...(entry.level === 'info' ? { icon: 'minus' as const } : {})}>
            {t.logs.levels[entry.level]}
          </Badge>
        ),
      },
      {
        id: 'source',
        header: names.source,
        width: 170,
        priority: 3,
        cell: (entry) => sources[entry.source] ?? entry.source,
      },
      {
        id: 'at',
        header: names.at,
        width: 190,
        numeric: true,
        priority: 2,
        cell: (entry) => <time dateTime={entry.timestamp}>{u.dateTime(entry.timestamp)}</time>,
      },
    ]
  }, [names, t, u, open])
  return (
    <DataTable
      label={t.logs.title}
      columns={columns}
      rows={entries}
      rowKey={keyOf}
      rowHeight={34}
      reserve={TRAIL_RESERVE}
      detail={(entry) =>
        open === keyOf(entry) ? (
          <pre className="bg-canvas px-3 py-3 font-mono text-xs break-words whitespace-pre-wrap sm:pl-10">
            {`${t.said(entry.message)}\n${t.said(entry.details ?? '')}`}
          </pre>
        ) : null
      }
    />
  )
}

/** One with details opens; of another all is said. */
function Message(props: { entry: LogEntry; open: boolean; onToggle: () => void }) {
  const { t } = useI18n()
  const message = t.said(props.entry.message)
  if (!props.entry.details) return <span className="block pl-5 break-words whitespace-normal">{message}</span>
  return (
    <button
      type="button"
      aria-expanded={props.open}
      onClick={props.onToggle}
      className="flex min-h-[24px] w-full items-center gap-1.5 text-left hover:text-accent-strong"
    >
      <Icon name="chevron" className={cx('size-3.5 shrink-0 text-dim', !props.open && '-rotate-90')} />
      <span className="truncate">{message}</span>
    </button>
  )
}
