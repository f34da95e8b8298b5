import { useParam } from '../../lib/router-hooks'
import { RunsView } from '../runs/runs-view'

export function RunsTab() {
  return <RunsView server={useParam('name')} />
}
