import { useQuery } from '@tanstack/react-query'
import { EVENTS_MAX, eventsQuery } from '../../api/queries'
import type { HostEvent } from '../../api/types'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { TableSkeleton } from '../../ui/skeleton'
import { EventRow } from '../events/event-row'

/** When the plugin was taken over, taken back, or taken out. */
export function PluginReloadsTab() {
  const { t } = useI18n()
  const name = useParam('name')
  // Those of one plugin are few among all.
  const query = useQuery(eventsQuery({}, EVENTS_MAX))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={5} />}>
      {(events) => {
        const own = events.filter((event) => concerns(event, name))
        return own.length === 0 ? (
          <EmptyState title={t.plugins.noReloadsTitle} text={t.plugins.noReloadsText} />
        ) : (
          <ul className="overflow-hidden rounded-lg border border-line bg-panel">
            {own.map((event) => (
              <EventRow key={event.id} event={event} />
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
