import { useQuery } from '@tanstack/react-query'
import { eventsWithinQuery, LIST_LIMIT } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import type { EventsSearch } from '../../app/router'
import { useTime } from '../../app/time'
import { NameFilter } from '../../blocks/name-filter'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useUrlState } from '../../lib/router-hooks'
import { TableSkeleton } from '../../ui/skeleton'
import { ServerFilter } from '../runs/runs-view'
import { EventRow, eventKey } from './event-row'

/** What happened within the chosen time, newest first, everywhere or on one server. */
export function EventsList(props: { server?: string }) {
  const { t } = useI18n()
  const { range } = useTime()
  const [search, setSearch] = useUrlState<EventsSearch>()
  const { kind } = search
  const server = props.server ?? search.server
  const query = useQuery(eventsWithinQuery({ kind, server }, range))
  // The host's kinds may grow; what has happened names them.
  const kinds = useQuery({
    ...eventsWithinQuery({ server }, range),
    select: (events: HostEvent[]) => [...new Set(events.map((event) => event.kind))].toSorted(),
  })
  const names: Record<string, string> = t.events.kinds
  const filtered = kind !== undefined || (props.server === undefined && server !== undefined)
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <NameFilter
          label={t.events.filterKind}
          value={kind}
          names={kinds.data ?? []}
          text={(name) => names[name] ?? name}
          onChange={(chosen) => setSearch({ kind: chosen })}
        />
        {props.server === undefined && (
          <ServerFilter value={search.server} onChange={(chosen) => setSearch({ server: chosen })} />
        )}
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
