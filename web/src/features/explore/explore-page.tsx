import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { metricSetsQuery, placesQuery } from '../../api/history-queries'
import { serversQuery } from '../../api/queries'
import type { ServerStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { PageHeader } from '../../blocks/page-header'
import { useServerCause } from '../../blocks/server-state'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useUrlState } from '../../lib/router-hooks'
import { Button, buttonClass } from '../../ui/button'
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
  const set = search.server === undefined ? sets.data?.find(({ name }) => name === search.set) : undefined
  const { data: places } = useQuery(placesQuery(set?.plugins))
  const collecting = new Set(places?.flatMap((place) => place.servers))
  const server = search.server ?? firstOf(servers.data ?? [], collecting)?.name
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
              {(known) => {
                const shown = all.find(({ name }) => name === server)
                return shown === undefined ? (
                  <EmptyState title={t.states.notFoundTitle} text={t.server.notFound(server)}>
                    <Button onClick={() => setSearch({ server: undefined })}>{t.common.resetFilters}</Button>
                  </EmptyState>
                ) : (
                  <Explorer server={server} sets={known}>
                    <SelectFilter
                      label={t.common.server}
                      fill
                      value={server}
                      choices={all.map(({ name }) => ({ value: name, label: name }))}
                      onChange={(chosen) => setSearch({ server: chosen, l: undefined }, 'push')}
                    />
                    <Cause server={shown} />
                  </Explorer>
                )
              }}
            </QueryView>
          )
        }
      </QueryView>
    </>
  )
}

/** Whoever comes without a server sees one that collects what is shown, and that answers. */
function firstOf(servers: readonly ServerStatus[], collecting: ReadonlySet<string>): ServerStatus | undefined {
  const there = servers.filter(({ name }) => collecting.has(name))
  const some = there.length === 0 ? servers : there
  return some.find(({ state }) => state === 'ok') ?? some[0]
}

function Cause({ server }: { server: ServerStatus }) {
  const cause = useServerCause(server)
  if (cause === '') return null
  return (
    <Link to={paths.server(server.name)} className="text-xs break-words text-bad underline">
      {cause}
    </Link>
  )
}
