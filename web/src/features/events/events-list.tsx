import { useQuery } from '@tanstack/react-query'
import { eventsWithinQuery } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import { useTime } from '../../app/time'
import { NameFilter } from '../../blocks/name-filter'
import { ReadOn } from '../../blocks/read-on'
import { EmptyState, NoMatchState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useUrlState } from '../../lib/router-hooks'
import { anyText, matching, type SearchOf } from '../../lib/url-state'
import { TableSkeleton } from '../../ui/skeleton'
import { ServerFilter } from '../runs/runs-view'
import { EventRow } from './event-row'

/** `before`: the event after which a long list is read on. */
const IN_URL = { kind: anyText, server: anyText, before: matching(/^\d+$/) }

/** What happened within the chosen time, newest first, everywhere or on one server. */
export function EventsList(props: { server?: string }) {
  const { t } = useI18n()
  const { range } = useTime()
  const [search, setUrl] = useUrlState(IN_URL)
  // Another filter begins at its newest event.
  const setSearch = (change: SearchOf<typeof IN_URL>) => setUrl({ before: undefined, ...change })
  const { before, kind } = search
  const server = props.server ?? search.server
  const query = useQuery(eventsWithinQuery({ kind, server }, range, { before }))
  // The host's kinds may grow; what has happened names them.
  const kinds = useQuery({
    ...eventsWithinQuery({ server }, range),
    select: (events: HostEvent[]) => [...new Set(events.map((event) => event.kind))].toSorted(),
  })
  const names: Record<string, string> = t.events.kinds
  const filtered = before !== undefined || kind !== undefined || (props.server === undefined && server !== undefined)
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
      </div>
      <QueryView query={query} skeleton={<TableSkeleton rows={10} />}>
        {(events) =>
          events.length > 0 ? (
            // While others are loaded, these stay for the place and the focus, and are seen to be old.
            <div aria-busy={query.isPlaceholderData} className="aria-busy:opacity-60">
              <ul className="overflow-hidden rounded-lg border border-line bg-panel">
                {events.map((event) => (
                  <EventRow key={event.id} event={event} />
                ))}
              </ul>
              <ReadOn items={events} before={before} onGo={(next) => setUrl({ before: next }, 'push')} />
            </div>
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
