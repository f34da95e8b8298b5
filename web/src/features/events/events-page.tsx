import { useQuery } from '@tanstack/react-query'
import { eventsQuery, LIST_LIMIT } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import type { EventsSearch } from '../../app/router'
import { NameFilter } from '../../blocks/name-filter'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useUrlState } from '../../lib/router-hooks'
import { TableSkeleton } from '../../ui/skeleton'
import { ServerFilter } from '../runs/runs-view'
import { EventRow, eventKey } from './event-row'

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
      <PageHeader title={t.events.title} time="live" />
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
                <EventRow key={eventKey(event)} event={event} />
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
