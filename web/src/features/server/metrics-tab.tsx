import { useQuery } from '@tanstack/react-query'
import { metricSetsQuery } from '../../api/history-queries'
import { QueryView } from '../../blocks/state-view'
import { useParam } from '../../lib/router-hooks'
import { ExploreSkeleton } from '../../ui/skeleton'
import { Explorer } from '../explore/explorer'

/** Everything that probes declare, of this server. */
export function MetricsTab() {
  const name = useParam('name')
  const query = useQuery(metricSetsQuery())
  return (
    <QueryView query={query} skeleton={<ExploreSkeleton />}>
      {(sets) => <Explorer server={name} sets={sets} />}
    </QueryView>
  )
}
