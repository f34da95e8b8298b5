import { Link } from '@tanstack/react-router'
import type { HostEvent } from '../../api/types'
import { Age } from '../../blocks/age'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { cutLinkClass, cx } from '../../ui/classes'

/** What happened, to what, and when. */
export function EventRow({ event, compact = false }: { event: HostEvent; compact?: boolean }) {
  const { t } = useI18n()
  const kinds: Record<string, string> = t.events.kinds
  return (
    <li
      className={cx(
        'grid items-baseline gap-x-3 gap-y-0.5 border-b border-line px-3 py-1.5 last:border-b-0',
        compact ? 'grid-cols-[minmax(0,1fr)_max-content]' : 'md:grid-cols-[9rem_12rem_minmax(0,14rem)_minmax(0,1fr)]',
      )}
    >
      <Age at={event.at} className={cx('text-dim', compact && 'order-2 text-xs')} />
      <span className={cx('truncate font-medium', compact && 'order-1')} title={event.kind}>
        {kinds[event.kind] ?? event.kind}
      </span>
      <span
        className={cx(
          'flex min-w-0 flex-wrap items-center gap-x-2',
          compact && 'order-3 col-span-2 min-h-[24px] text-xs',
        )}
      >
        {event.server != null && (
          <Link to={paths.server(event.server)} title={event.server} className={cutLinkClass}>
            {event.server}
          </Link>
        )}
        <Subject event={event} />
        {compact && <span className="min-w-0 flex-1 truncate text-dim">{t.said(event.detail)}</span>}
      </span>
      {!compact && <span className="min-w-0 break-words">{t.said(event.detail)}</span>}
    </li>
  )
}

/** `database:shop` of a server that still exists leads to the database, `plugin:x` to the plugin. */
function Subject({ event }: { event: HostEvent }) {
  const [, kind, name] = /^(database|plugin):(.*)$/s.exec(event.subject) ?? []
  if (kind === 'database' && name !== undefined && event.server != null) {
    return (
      <Link to={paths.database(event.server, name)} title={name} className={cutLinkClass}>
        {name}
      </Link>
    )
  }
  if (kind === 'plugin' && name !== undefined) {
    return (
      <Link to={paths.plugin(name)} title={name} className={cutLinkClass}>
        {name}
      </Link>
    )
  }
  return <span className="max-w-full truncate">{name ?? event.subject}</span>
}
