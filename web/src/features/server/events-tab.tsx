import { useParam } from '../../lib/router-hooks'
import { EventsList } from '../events/events-list'

export function EventsTab() {
  return <EventsList server={useParam('name')} />
}
