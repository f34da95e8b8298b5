import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { asProblem } from '../../api/problem'
import { pluginQuery } from '../../api/queries'
import type { Plugin } from '../../api/types'
import { LinkTabs } from '../../blocks/link-tabs'
import { PageHeader } from '../../blocks/page-header'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useParam } from '../../lib/router-hooks'
import { FormSkeleton } from '../../ui/skeleton'
import { PluginActions } from './plugin-actions'
import { PluginStateBadge } from './plugin-badges'
import { PluginTrouble } from './plugin-trouble'

/** One plugin: how it does, what it does, and what can be done with it. */
export function PluginPage() {
  const { t } = useI18n()
  const name = useParam('name')
  const query = useQuery(pluginQuery(name))
  const ofWindow = useLocation({
    select: ({ pathname }) => pathname === paths.pluginCosts(name) || pathname === paths.pluginRuns(name),
  })
  const isMissing = asProblem(query.error).status === 404
  const time = ofWindow ? 'range' : 'live'
  return (
    <>
      <PageHeader title={name} time={isMissing ? undefined : time} note={query.data && <Note plugin={query.data} />}>
        {query.data && <PluginActions plugin={query.data} />}
      </PageHeader>
      <QueryView query={query} skeleton={<FormSkeleton />} notFoundText={t.plugins.notFound(name)}>
        {(plugin) => (
          <>
            <PluginTrouble plugin={plugin} />
            <LinkTabs
              label={t.plugins.tabsLabel}
              tabs={[
                { to: paths.plugin(name), label: t.plugins.tabs.overview, exact: true },
                { to: paths.pluginServers(name), label: t.plugins.tabs.servers },
                { to: paths.pluginRuns(name), label: t.plugins.tabs.runs },
                { to: paths.pluginLogs(name), label: t.plugins.tabs.logs },
                { to: paths.pluginMetrics(name), label: t.plugins.tabs.metrics },
                { to: paths.pluginCosts(name), label: t.plugins.tabs.costs },
                { to: paths.pluginConfig(name), label: t.plugins.tabs.config },
                { to: paths.pluginReloads(name), label: t.plugins.tabs.reloads },
              ]}
            />
            <Outlet />
          </>
        )}
      </QueryView>
    </>
  )
}

function Note({ plugin }: { plugin: Plugin }) {
  const { t } = useI18n()
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <PluginStateBadge state={plugin.state} />
      <code className="font-mono text-xs break-all">{plugin.probe}</code>
      {plugin.metadata && <span>{t.plugins.versionShort(plugin.metadata.version)}</span>}
    </span>
  )
}
