import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { runsQuery } from '../../api/queries'
import type { Run } from '../../api/types'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useParam, useUrlState } from '../../lib/router-hooks'
import { matchesSearch } from '../../lib/sort'
import { anyText, choiceOf } from '../../lib/url-state'
import { cx } from '../../ui/classes'
import { SearchBox } from '../../ui/search-box'
import { Segmented } from '../../ui/segmented'
import { TableSkeleton } from '../../ui/skeleton'

const SEVERITIES = ['debug', 'info', 'warn', 'error'] as const
const IN_URL = { q: anyText, level: choiceOf(SEVERITIES) }
const LOOKS: Record<string, string> = { warn: 'text-warn', error: 'text-bad' }

interface Line {
  at: string
  severity: string
  message: string
  server: string | null
  key: string
}

/** What the probe said in its last runs, newest first; it follows while one looks. */
export function PluginLogsTab() {
  const { t } = useI18n()
  const query = useQuery(runsQuery({ plugin: useParam('name') }))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={8} />}>
      {(runs) => {
        const lines = linesOf(runs)
        return lines.length === 0 ? (
          <EmptyState title={t.plugins.noLogTitle} text={t.plugins.noLogText} />
        ) : (
          <Lines lines={lines} runs={runs.length} />
        )
      }}
    </QueryView>
  )
}

function linesOf(runs: readonly Run[]): Line[] {
  const lines = runs.flatMap((run) =>
    run.log.map((line, index) => ({ ...line, server: run.server ?? null, key: `${run.id} ${index}` })),
  )
  return lines.toSorted((a, b) => b.at.localeCompare(a.at))
}

function Lines({ lines, runs }: { lines: readonly Line[]; runs: number }) {
  const { t, u } = useI18n()
  const [search, setSearch] = useUrlState(IN_URL)
  const { q = '', level } = search
  const shown = lines.filter(
    (line) => (level === undefined || line.severity === level) && matchesSearch(q, [line.message, line.server]),
  )
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.logs.searchLabel}
          value={q}
          onChange={(text) => setSearch({ q: text })}
          className="w-full sm:w-72"
        />
        <Segmented
          label={t.logs.columns.level}
          value={level ?? 'all'}
          segments={[{ value: 'all', label: t.common.all }, ...SEVERITIES.map((value) => ({ value, label: value }))]}
          onChange={(value) => setSearch({ level: value === 'all' ? undefined : value })}
        />
        <span className="text-dim">{t.plugins.logOf(runs)}</span>
      </div>
      {shown.length === 0 ? (
        <NoMatchState title={t.plugins.noLogMatch} onReset={() => setSearch({ q: undefined, level: undefined })} />
      ) : (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label={t.plugins.tabs.logs}
          className="max-h-[70dvh] overflow-auto rounded-lg border border-line bg-panel p-2 font-mono text-xs"
        >
          <ol>
            {shown.map((line) => (
              <li
                key={line.key}
                className="flex flex-wrap gap-x-3 px-1 py-0.5 hover:bg-sunken sm:grid sm:grid-cols-[12.5rem_3rem_8rem_1fr]"
              >
                <time dateTime={line.at} className="text-dim">
                  {u.dateTime(line.at)}
                </time>
                <span className={LOOKS[line.severity] ?? 'text-dim'}>{line.severity}</span>
                {line.server === null ? (
                  <span className="text-dim">{t.runs.hostScope}</span>
                ) : (
                  <Link to={paths.server(line.server)} className="truncate text-accent-strong hover:underline">
                    {line.server}
                  </Link>
                )}
                <span className={cx('basis-full break-words whitespace-pre-wrap', LOOKS[line.severity])}>
                  {line.message}
                </span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  )
}
