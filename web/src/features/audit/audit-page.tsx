import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { auditQuery, auditStatsQuery } from '../../api/admin-queries'
import type { AuditEvent } from '../../api/types'
import { useUser } from '../../app/session-context'
import { useTime } from '../../app/time'
import { Age } from '../../blocks/age'
import { Fact } from '../../blocks/card'
import { type Column, DataTable } from '../../blocks/data-table'
import { PageHeader } from '../../blocks/page-header'
import { pageFrom, pageText, readPage } from '../../blocks/pager'
import { ForbiddenState } from '../../blocks/state-view'
import { TRAIL_RESERVE, Trail } from '../../blocks/trail'
import { useI18n } from '../../i18n'
import { canSeeAudit } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, choiceOf } from '../../lib/url-state'
import { Badge, type Tone } from '../../ui/badge'
import { SelectFilter } from '../../ui/field'
import type { IconName } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { browserName } from './user-agent'

const ALARMING: readonly string[] = ['login_failed', 'login_limited', 'refresh_reused', 'access_denied']
const USUAL: readonly string[] = ['login_success', 'logout', 'refresh']
/** One is written with each load of a page: among them nothing else is seen. */
const RENEWAL = 'refresh'
/** In the URL, where renewals are wanted too. */
const EVERYTHING = 'all'

export function AuditPage() {
  const { t } = useI18n()
  const may = canSeeAudit(useUser().role)
  return (
    <>
      <PageHeader title={t.audit.title} {...(may ? { time: 'range' as const } : {})} />
      {may ? <Audit /> : <ForbiddenState />}
    </>
  )
}

function Audit() {
  const { t } = useI18n()
  const { range } = useTime()
  const kinds: Record<string, string> = t.audit.kinds
  const inUrl = useMemo(
    () => ({ q: anyText, kind: choiceOf([EVERYTHING, ...Object.keys(kinds)]), page: readPage }),
    [kinds],
  )
  const [search, setSearch] = useUrlState(inUrl)
  const { q = '', kind } = search
  const page = pageFrom(search.page)
  const without = kind === undefined ? RENEWAL : undefined
  const query = useQuery(auditQuery({ who: q, kind: kind === EVERYTHING ? undefined : kind, without }, page, range))
  const columns = useColumns()
  return (
    <>
      <Stats />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox
          label={t.audit.searchLabel}
          value={q}
          onChange={(text) => setSearch({ q: text, page: undefined })}
          className="w-full sm:w-72"
        />
        <SelectFilter
          label={t.audit.columns.kind}
          value={kind ?? ''}
          choices={[
            { value: '', label: t.audit.withoutRenewals },
            { value: EVERYTHING, label: t.audit.everything },
            ...Object.entries(kinds).map(([value, label]) => ({ value, label })),
          ]}
          onChange={(chosen) => setSearch({ kind: chosen === '' ? undefined : chosen, page: undefined })}
        />
      </div>
      <Trail
        query={query}
        page={page}
        onPage={(next) => setSearch({ page: pageText(next) }, 'push')}
        filtered={q !== '' || (kind !== undefined && kind !== EVERYTHING)}
        onReset={() => setSearch({ q: undefined, kind: undefined, page: undefined })}
        empty={{ title: t.audit.emptyTitle, text: t.audit.emptyText }}
      >
        {(items) => (
          <DataTable
            label={t.audit.title}
            columns={columns}
            rows={items}
            rowKey={(event) => `${event.timestamp} ${event.event_type} ${event.username} ${event.jti}`}
            rowHeight={36}
            reserve={TRAIL_RESERVE}
          />
        )}
      </Trail>
    </>
  )
}

function Stats() {
  const { t, u } = useI18n()
  const stats = useQuery(auditStatsQuery()).data
  const failed = stats?.failed_today ?? 0
  return (
    <dl className="mb-3 grid grid-cols-2 gap-2 sm:grid-cols-5">
      <Fact label={t.audit.stats.logins} value={u.integer(stats?.logins_today)} note={t.audit.stats.today} />
      <Fact
        label={t.audit.stats.failed}
        value={u.integer(stats?.failed_today)}
        note={t.audit.stats.today}
        tone={failed > 0 ? 'warn' : undefined}
      />
      <Fact label={t.audit.stats.actions} value={u.integer(stats?.actions_today)} note={t.audit.stats.today} />
      <Fact label={t.audit.stats.users} value={u.integer(stats?.unique_users_week)} note={t.audit.stats.week} />
      <Fact label={t.audit.stats.total} value={u.integer(stats?.total_events)} />
    </dl>
  )
}

function KindBadge({ kind }: { kind: string }) {
  const { t } = useI18n()
  const kinds: Record<string, string> = t.audit.kinds
  const tone: Tone = ALARMING.includes(kind) ? 'bad' : USUAL.includes(kind) ? 'idle' : 'info'
  const icon: IconName = tone === 'bad' ? 'warning' : tone === 'idle' ? 'user' : 'edit'
  return (
    <Badge tone={tone} icon={icon}>
      {kinds[kind] ?? kind}
    </Badge>
  )
}

function useColumns(): Column<AuditEvent>[] {
  const { t, u } = useI18n()
  const names = t.audit.columns
  return useMemo(
    () => [
      {
        id: 'at',
        header: names.at,
        width: 180,
        priority: 0,
        cell: (event) => (
          <span title={u.dateTime(event.timestamp)}>
            <Age at={event.timestamp} className="text-dim" />
          </span>
        ),
      },
      {
        id: 'kind',
        header: names.kind,
        width: 190,
        priority: 1,
        cell: (event) => <KindBadge kind={event.event_type} />,
      },
      { id: 'who', header: names.who, width: 140, priority: 2, cell: (event) => event.username },
      {
        id: 'details',
        header: names.details,
        width: 220,
        grow: true,
        priority: 3,
        cell: ({ details }) =>
          details && (
            <span className="text-dim" title={t.said(details)}>
              {t.said(details)}
            </span>
          ),
      },
      {
        id: 'from',
        header: names.from,
        width: 150,
        priority: 4,
        cell: (event) => event.ip_address ?? u.integer(null),
      },
      {
        id: 'with',
        header: names.with,
        width: 150,
        priority: 5,
        cell: (event) => (
          <span className="text-dim" title={event.user_agent ?? undefined}>
            {browserName(event.user_agent)}
          </span>
        ),
      },
    ],
    [t, names, u],
  )
}
