import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { eventsQuery } from '../../api/queries'
import { Card } from '../../blocks/card'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { TextSkeleton } from '../../ui/skeleton'
import { EventRow } from '../events/event-row'

const SHOWN = 10

export function RecentEvents() {
  const { t } = useI18n()
  const query = useQuery(eventsQuery({}, SHOWN))
  return (
    <Card
      title={t.fleet.events}
      actions={
        <Link to={paths.events()} className="text-accent-strong hover:underline">
          {t.fleet.allEvents}
        </Link>
      }
    >
      <QueryView query={query} skeleton={<TextSkeleton />}>
        {(events) =>
          events.length === 0 ? (
            <p className="p-4 text-dim">{t.events.emptyText}</p>
          ) : (
            <ul>
              {events.slice(0, SHOWN).map((event) => (
                <EventRow key={event.id} event={event} compact />
              ))}
            </ul>
          )
        }
      </QueryView>
    </Card>
  )
}
