import { useParam } from '../../lib/router-hooks'
import { RunsView } from '../runs/runs-view'

export function PluginsTab() {
  return <RunsView server={useParam('name')} />
}
