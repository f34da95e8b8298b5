import { Link } from '@tanstack/react-router'
import type { ServerStatus } from '../../api/types'
import { Age } from '../../blocks/age'
import {
  absenceOf,
  connectionCounts,
  diskUsage,
  isStale,
  outdatedSince,
  ServerStateBadge,
  useServerCause,
} from '../../blocks/server-state'
import { UsageBar } from '../../blocks/usage-bar'
import { ConnectionsSparkline } from '../../charts/sparkline'
import { useI18n } from '../../i18n'
import { useFromNow } from '../../lib/now'
import { paths } from '../../lib/paths'
import { cx } from '../../ui/classes'

export function NameCell({ server }: { server: ServerStatus }) {
  return (
    <>
      <Link
        to={paths.server(server.name)}
        title={server.name}
        className="block truncate font-medium text-accent-strong hover:underline"
      >
        {server.name}
      </Link>
      <div className="truncate text-xs text-dim">
        {server.host}:{server.port}
      </div>
    </>
  )
}

export function StateCell({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  const cause = useServerCause(server)
  return (
    <>
      <ServerStateBadge server={server} />
      {cause !== '' && (
        <div className="truncate text-xs text-dim" title={`${cause}\n${t.said(server.detail ?? '')}`}>
          {cause}
        </div>
      )}
      {cause === '' && <Partly server={server} className="block truncate text-xs" />}
    </>
  )
}

/** A server that answers is not all well by that. */
function Partly({ server, className }: { server: ServerStatus; className: string }) {
  const { t, u } = useI18n()
  const missed = [
    ...server.not_collected.map(({ detail }) => t.said(detail)),
    ...server.outdated.map(({ set, since }) => `${set}: ${t.server.outdated} ${u.dateTime(since)}`),
  ]
  if (missed.length === 0) return null
  return (
    <span className={cx('text-warn', className)} title={missed.join('\n')}>
      {t.server.notCollected}
    </span>
  )
}

export function VersionCell({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  return (
    <>
      <div className="truncate" title={server.version ?? undefined}>
        {server.version?.split(' ')[0] ?? u.integer(null)}
      </div>
      {server.in_recovery && <div className="text-xs text-dim">{t.servers.standby}</div>}
    </>
  )
}

export function ConnectionsCell({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  const counts = connectionCounts(server)
  return (
    <div className="flex items-center justify-between gap-2">
      {counts ? <ConnectionsSparkline server={server.name} className="min-w-0 shrink" /> : <span />}
      <div className="shrink-0">
        <div>{u.integer(counts?.total)}</div>
        {counts && <div className="text-xs text-dim">{t.servers.active(u.integer(counts.active))}</div>}
      </div>
    </div>
  )
}

export function DiskCell({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  const used = diskUsage(server)
  const since = outdatedSince(server, 'filesystem')
  if (used === null) return <span className="text-xs text-dim">{absenceOf(server, 'filesystem', t)}</span>
  return (
    <>
      <div className="flex items-center gap-2">
        <UsageBar used={used} className="flex-1" />
        <span className="w-10 text-right text-xs tabular-nums">{u.percent(Math.round(used * 100) / 100)}</span>
      </div>
      <div className="truncate text-xs text-dim">
        {t.servers.diskFree(u.bytes(server.free_space))}
        {since && <Age at={since} className="ml-1 text-warn" />}
      </div>
    </>
  )
}

/** How old the row is; an old one is marked, it may not be as it is shown. */
export function SeenCell({ server }: { server: ServerStatus }) {
  const { t } = useI18n()
  const stale = useFromNow((now) => isStale(server, now))
  return (
    <>
      <Age at={server.checked_at} className={stale ? 'text-warn' : 'text-dim'} />
      {stale && <div className="text-xs text-warn">{t.servers.stale}</div>}
    </>
  )
}

/** Of more, nothing could be read in the column. */
const TAGS_SHOWN = 2

export const TagsCell = ({ server }: { server: ServerStatus }) => (
  <span className="flex gap-1 overflow-hidden" title={server.tags.join(', ')}>
    {server.tags.slice(0, TAGS_SHOWN).map((tag) => (
      <span key={tag} className="truncate rounded bg-sunken px-1.5 text-xs">
        {tag}
      </span>
    ))}
    {server.tags.length > TAGS_SHOWN && (
      <span className="shrink-0 text-xs text-dim">+{server.tags.length - TAGS_SHOWN}</span>
    )}
  </span>
)

/** The row where there is no room for columns. */
export function ServerCard({ server }: { server: ServerStatus }) {
  const { t, u } = useI18n()
  const cause = useServerCause(server)
  const counts = connectionCounts(server)
  const used = diskUsage(server)
  const facts = [
    counts && t.servers.connectionsShort(u.integer(counts.total)),
    server.transactions_per_second == null ? null : u.rate(server.transactions_per_second),
    server.size_bytes == null ? null : u.bytes(server.size_bytes),
    used === null ? null : `${t.servers.columns.disk} ${u.percent(Math.round(used * 100) / 100)}`,
  ].filter(Boolean)
  return (
    <>
      <div className="flex items-center justify-between gap-2">
        <Link to={paths.server(server.name)} className="truncate font-medium text-accent-strong hover:underline">
          {server.name}
        </Link>
        <ServerStateBadge server={server} />
      </div>
      <div className="flex justify-between gap-2 text-xs text-dim">
        <span className={cx('min-w-0 truncate', cause !== '' && 'text-ink')}>
          {cause === '' && <Partly server={server} className="mr-2" />}
          {cause === '' ? `${server.host}:${server.port}` : cause}
        </span>
        <Age at={server.checked_at} className="shrink-0" />
      </div>
      {facts.length > 0 && <div className="truncate text-xs text-dim tabular-nums">{facts.join(' · ')}</div>}
    </>
  )
}
