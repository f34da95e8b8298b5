import { PageHeader } from '../../blocks/page-header'
import { useI18n } from '../../i18n'
import { EventsList } from './events-list'

export function EventsPage() {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title={t.events.title} time="range" />
      <EventsList />
    </>
  )
}
