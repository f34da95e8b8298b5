import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { CostsView } from '../runs/costs-view'

export function PluginCostsTab() {
  const { t } = useI18n()
  return (
    <>
      <p className="mb-3 text-dim">{t.costs.hint}</p>
      <CostsView plugin={useParam('name')} />
    </>
  )
}
