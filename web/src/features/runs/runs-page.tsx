import { PageHeader } from '../../blocks/page-header'
import { useI18n } from '../../i18n'
import { RunsView } from './runs-view'

export function RunsPage() {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title={t.runs.title} time="range" />
      <RunsView />
    </>
  )
}
