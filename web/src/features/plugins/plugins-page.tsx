import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { pluginsQuery } from '../../api/queries'
import type { Plugin } from '../../api/types'
import { PageHeader } from '../../blocks/page-header'
import { EmptyState, QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { TableSkeleton } from '../../ui/skeleton'
import { LastRuns, PluginStateBadge } from './plugin-badges'
import { probeWords } from './probe-words'

export function PluginsPage() {
  const { t } = useI18n()
  const query = useQuery(pluginsQuery())
  return (
    <>
      <PageHeader title={t.plugins.title} time="live" note={t.plugins.hint} />
      <QueryView query={query} skeleton={<TableSkeleton rows={5} />}>
        {(plugins) =>
          plugins.length === 0 ? (
            <EmptyState title={t.plugins.emptyTitle} text={t.plugins.emptyText} />
          ) : (
            <ul className="grid gap-2 lg:grid-cols-2">
              {plugins.map((plugin) => (
                <li key={plugin.name}>
                  <PluginCard plugin={plugin} />
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
    </>
  )
}

function PluginCard({ plugin }: { plugin: Plugin }) {
  const { t, u, locale } = useI18n()
  return (
    <article className="h-full min-w-0 rounded-lg border border-line bg-panel p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="min-w-0 break-words font-semibold">
          <Link to={paths.plugin(plugin.name)} className="text-accent-strong hover:underline">
            {plugin.name}
          </Link>
        </h2>
        <PluginStateBadge state={plugin.state} />
        <span className="ml-auto text-xs text-dim">
          {t.plugins.columns.interval} {u.duration(plugin.interval_ms)}
        </span>
      </div>
      <p className="mt-1 break-words text-dim">
        {plugin.metadata ? probeWords(plugin.metadata, locale).summary : plugin.probe}
      </p>
      {plugin.state_detail && <p className="mt-1 break-words text-bad">{plugin.state_detail}</p>}
      <div className="mt-2">
        <LastRuns plugin={plugin} />
      </div>
    </article>
  )
}
