import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { CostsCharts } from '../runs/costs-charts'
import { CostsView } from '../runs/costs-view'
import { RunsView } from '../runs/runs-view'

/** What monitoring costs this server, and what came of it. */
export function PluginsTab() {
  const { t } = useI18n()
  const server = useParam('name')
  return (
    <>
      <h2 className="mb-1 font-semibold">{t.costs.title}</h2>
      <p className="mb-2 text-dim">{t.costs.hint}</p>
      <CostsCharts server={server} />
      <CostsView server={server} maxHeightClass="max-h-72" />
      <h2 className="mt-5 mb-2 font-semibold">{t.runs.title}</h2>
      <RunsView server={server} />
    </>
  )
}
