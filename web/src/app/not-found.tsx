import { PageHeader } from '../blocks/page-header'
import { NotFoundState } from '../blocks/state-view'
import { useI18n } from '../i18n'

export function NotFoundPage() {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title="404" tabTitle={t.states.notFoundTitle} />
      <NotFoundState />
    </>
  )
}
