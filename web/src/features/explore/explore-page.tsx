import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { metricSetsQuery } from '../../api/history-queries'
import { serversQuery } from '../../api/queries'
import { useUser } from '../../app/session-context'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { buttonClass } from '../../ui/button'
import { SelectFilter } from '../../ui/field'
import { ExploreSkeleton } from '../../ui/skeleton'
import { EXPLORE_IN_URL } from './explore-model'
import { Explorer } from './explorer'
import { SavedViews } from './saved-views'

/** Any metric of any server. */
export function ExplorePage() {
  const { t } = useI18n()
  const mayEdit = canEditServers(useUser().role)
  const [search, setSearch] = useUrlState(EXPLORE_IN_URL)
  const servers = useQuery(serversQuery())
  const sets = useQuery(metricSetsQuery())
  // Whoever comes without a server sees one that answers.
  const first = servers.data?.find((server) => server.state === 'ok') ?? servers.data?.[0]
  const server = search.server ?? first?.name
  return (
    <>
      <PageHeader title={t.explore.title} time="range">
        <SavedViews />
      </PageHeader>
      <QueryView query={servers} skeleton={<ExploreSkeleton />}>
        {(all) =>
          server === undefined ? (
            <EmptyState title={t.servers.emptyTitle} text={t.explore.noServers}>
              {mayEdit && (
                <Link to={paths.setup()} className={buttonClass('primary')}>
                  {t.fleet.setUp}
                </Link>
              )}
            </EmptyState>
          ) : (
            <QueryView query={sets} skeleton={<ExploreSkeleton />}>
              {(known) => (
                <Explorer server={server} sets={known}>
                  <SelectFilter
                    label={t.common.server}
                    fill
                    value={server}
                    choices={namesWith(
                      all.map((one) => one.name),
                      server,
                    ).map((name) => ({ value: name, label: name }))}
                    onChange={(chosen) => setSearch({ server: chosen, l: undefined }, 'push')}
                  />
                </Explorer>
              )}
            </QueryView>
          )
        }
      </QueryView>
    </>
  )
}

/** What the URL names stays visible, even where it does not exist any more. */
const namesWith = (names: readonly string[], name: string): readonly string[] =>
  names.includes(name) ? names : [name, ...names]
