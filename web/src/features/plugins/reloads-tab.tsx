import { useQuery } from '@tanstack/react-query'
import { eventsQuery } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { TableSkeleton } from '../../ui/skeleton'
import { EventRow, eventKey } from '../events/event-row'

/** As many as the API gives at once: those of one plugin are few among all. */
const SEARCHED = 1_000

/** When the plugin was taken over, taken back, or taken out. */
export function PluginReloadsTab() {
  const { t } = useI18n()
  const name = useParam('name')
  const query = useQuery(eventsQuery({}, SEARCHED))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={5} />}>
      {(events) => {
        const own = events.filter((event) => concerns(event, name))
        return own.length === 0 ? (
          <EmptyState title={t.plugins.noReloadsTitle} text={t.plugins.noReloadsText} />
        ) : (
          <ul className="overflow-hidden rounded-lg border border-line bg-panel">
            {own.map((event) => (
              <EventRow key={eventKey(event)} event={event} />
            ))}
          </ul>
        )
      }}
    </QueryView>
  )
}

/** Its own events, and those of the file in which it is named. */
const concerns = (event: HostEvent, name: string): boolean =>
  event.subject === `plugin:${name}` ||
  (event.kind.startsWith('plugins.') && event.detail.split(/[^\w.-]+/).includes(name))
