import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { CostsCharts } from '../runs/costs-charts'
import { CostsView } from '../runs/costs-view'

export function PluginCostsTab() {
  const { t } = useI18n()
  const plugin = useParam('name')
  return (
    <>
      <p className="mb-3 text-dim">{t.costs.hint}</p>
      <CostsCharts plugin={plugin} />
      <CostsView plugin={plugin} />
    </>
  )
}
