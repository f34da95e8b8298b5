import { useParam } from '../../lib/router-hooks'
import { RunsView } from '../runs/runs-view'

export function PluginRunsTab() {
  return <RunsView plugin={useParam('name')} />
}
