import type { LiveQuery } from '../../api/types'
import { CopyButton } from '../../blocks/copy-button'
import { useI18n } from '../../i18n'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { lockText } from './blocking-model'
import { lasted, statementStart, waitOf } from './sessions-model'

/** All that is known of one session. */
export function SessionDetails(props: { session: LiveQuery; blocks: number | undefined; readAt: number }) {
  const { session, blocks, readAt } = props
  const { t, u } = useI18n()
  const names = t.sessions.columns
  const since = (time: string | null | undefined) => {
    const milliseconds = lasted(time, readAt)
    return milliseconds === null || time == null
      ? u.duration(null)
      : `${u.duration(milliseconds)} (${u.dateTime(time)})`
  }
  const { blocked_by: by, awaited_lock: lock } = session
  const blocking = [
    ...(by.length > 0 ? [t.sessions.blockedBy(by)] : []),
    ...(blocks === undefined ? [] : [t.sessions.blocks(blocks)]),
  ]
  const facts: [string, string][] = [
    [names.user, session.usename ?? u.integer(null)],
    [names.database, session.datname ?? u.integer(null)],
    [names.application, session.application_name || u.integer(null)],
    [names.client, session.client_addr ?? u.integer(null)],
    [names.state, session.state ?? u.integer(null)],
    [names.wait, waitOf(session) ?? u.integer(null)],
    ...(lock ? [[t.sessions.lock, lockText(lock, session.datname)] satisfies [string, string]] : []),
    [t.sessions.connectedFor, since(session.backend_start)],
    [names.transaction, since(session.xact_start)],
    [names.statement, since(statementStart(session))],
    [t.sessions.blocking, blocking.length > 0 ? blocking.join(', ') : u.integer(null)],
  ]
  return (
    <div className="grid gap-3 bg-canvas px-3 py-3 whitespace-normal sm:pl-14">
      <dl className="grid grid-cols-[repeat(auto-fill,minmax(13rem,1fr))] gap-x-4 gap-y-1.5">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-xs text-dim">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {session.query == null ? (
        <p className="text-dim">{t.sessions.noText}</p>
      ) : (
        <div>
          <pre className="max-h-60 overflow-auto rounded-md border border-line bg-panel p-2 font-mono text-xs break-words whitespace-pre-wrap">
            {session.query}
          </pre>
          <div className="mt-2">
            <CopyButton text={session.query} label={t.sessions.copy} />
          </div>
        </div>
      )}
    </div>
  )
}

export interface RowProps {
  session: LiveQuery
  open: boolean
  onToggle: () => void
}

/** Opens the details. */
export function PidButton({ session, open, onToggle }: RowProps) {
  const { t } = useI18n()
  return (
    <button
      type="button"
      aria-expanded={open}
      aria-label={t.sessions.open(session.pid)}
      onClick={onToggle}
      className="-ml-1.5 inline-flex min-h-[26px] items-center gap-1 rounded px-1 tabular-nums hover:bg-sunken"
    >
      <Icon name="chevron" className={cx('size-3.5 text-dim', !open && '-rotate-90')} />
      {session.pid}
    </button>
  )
}
