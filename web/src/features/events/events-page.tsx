import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { eventsQuery, LIST_LIMIT } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import type { EventsSearch } from '../../app/router'
import { Age } from '../../blocks/age'
import { NameFilter } from '../../blocks/name-filter'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useUrlState } from '../../lib/router-hooks'
import { TableSkeleton } from '../../ui/skeleton'
import { ServerFilter } from '../runs/runs-view'

export function EventsPage() {
  const { t } = useI18n()
  const [search, setSearch] = useUrlState<EventsSearch>()
  const query = useQuery(eventsQuery(search))
  // The host's kinds may grow; what has happened names them.
  const kinds = useQuery({
    ...eventsQuery({}),
    select: (events: HostEvent[]) => [...new Set(events.map((event) => event.kind))].toSorted(),
  })
  const filtered = search.kind !== undefined || search.server !== undefined
  return (
    <>
      <PageHeader title={t.events.title} />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <NameFilter
          label={t.events.filterKind}
          value={search.kind}
          names={kinds.data ?? []}
          onChange={(kind) => setSearch({ kind })}
        />
        <ServerFilter value={search.server} onChange={(server) => setSearch({ server })} />
        {query.data && query.data.length >= LIST_LIMIT && (
          <span className="text-dim">{t.runs.limited(LIST_LIMIT)}</span>
        )}
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={10} />}>
        {(events) =>
          events.length > 0 ? (
            <ul className="overflow-hidden rounded-lg border border-line bg-panel">
              {events.map((event) => (
                <EventRow key={`${event.at} ${event.kind} ${event.server} ${event.subject}`} event={event} />
              ))}
            </ul>
          ) : filtered ? (
            <NoMatchState
              title={t.events.noMatchTitle}
              onReset={() => setSearch({ kind: undefined, server: undefined })}
            />
          ) : (
            <EmptyState title={t.events.emptyTitle} text={t.events.emptyText} />
          )
        }
      </QueryView>
    </>
  )
}

/** `database:shop` of a server that still exists leads to the database. */
function Subject({ event }: { event: HostEvent }) {
  const database = /^database:(.*)$/s.exec(event.subject)?.[1]
  if (database === undefined || event.server == null) return <span className="truncate">{event.subject}</span>
  return (
    <Link to={paths.database(event.server, database)} className="truncate text-accent-strong hover:underline">
      {database}
    </Link>
  )
}

function EventRow({ event }: { event: HostEvent }) {
  const { t } = useI18n()
  const kinds: Record<string, string> = t.events.kinds
  return (
    <li className="grid gap-x-4 gap-y-0.5 border-b border-line px-3 py-2 last:border-b-0 md:grid-cols-[7.5rem_12rem_minmax(0,14rem)_minmax(0,1fr)]">
      <Age at={event.at} className="text-dim" />
      <span className="truncate font-medium" title={event.kind}>
        {kinds[event.kind] ?? event.kind}
      </span>
      <span className="flex min-w-0 flex-wrap gap-x-2">
        {event.server != null && (
          <Link to={paths.server(event.server)} className="truncate text-accent-strong hover:underline">
            {event.server}
          </Link>
        )}
        <Subject event={event} />
      </span>
      <span className="min-w-0 break-words">{event.detail}</span>
    </li>
  )
}
