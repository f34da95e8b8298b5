import { useQuery } from '@tanstack/react-query'
import { pluginQuery } from '../../api/queries'
import type { Plugin } from '../../api/types'
import { Age } from '../../blocks/age'
import { Card, Facts } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { useParam } from '../../lib/router-hooks'
import { FormSkeleton } from '../../ui/skeleton'
import { RunsView } from '../runs/runs-view'
import { LastRuns, PluginStateBadge } from './plugin-badges'
import { probeWords } from './probe-words'

export function PluginPage() {
  const { t } = useI18n()
  const name = useParam('name')
  const query = useQuery(pluginQuery(name))
  return (
    <>
      <PageHeader title={name} note={query.data && <PluginStateBadge state={query.data.state} />} />
      <QueryView query={query} skeleton={<FormSkeleton />}>
        {(plugin) => (
          <div className="grid gap-3">
            {plugin.state_detail && (
              <p className="rounded-md bg-warn-soft px-3 py-2 break-words text-warn">{plugin.state_detail}</p>
            )}
            <div className="grid items-start gap-3 xl:grid-cols-2">
              <PluginFacts plugin={plugin} />
              <Metrics plugin={plugin} />
            </div>
            <section aria-label={t.plugins.runsOf} className="min-w-0">
              <h2 className="mb-2 text-base font-semibold">{t.plugins.runsOf}</h2>
              <RunsView plugin={plugin.name} />
            </section>
          </div>
        )}
      </QueryView>
    </>
  )
}

function PluginFacts({ plugin }: { plugin: Plugin }) {
  const { t, u, locale } = useI18n()
  const { metadata } = plugin
  const list = (texts: readonly string[]) => (texts.length === 0 ? t.plugins.none : texts.join(', '))
  return (
    <Card title={metadata ? probeWords(metadata, locale).summary : plugin.probe}>
      <Facts
        items={[
          [
            t.plugins.columns.probe,
            <code key="probe" className="font-mono text-xs break-all">
              {plugin.probe}
            </code>,
          ],
          [t.plugins.version, metadata?.version ?? t.common.unknown],
          [t.plugins.columns.interval, u.duration(plugin.interval_ms)],
          [t.plugins.columns.timeout, u.duration(plugin.timeout_ms)],
          [t.plugins.servers, list(plugin.servers)],
          [t.plugins.capabilities, list(metadata?.capabilities ?? [])],
          [t.plugins.columns.grants, list(plugin.grants)],
          [t.plugins.memory, u.bytes(plugin.limits.memory_bytes)],
          ...(metadata ? ([[t.plugins.minVersion, versionText(metadata.min_server_version)]] as const) : []),
          [t.plugins.loadedAt, <Age key="loaded" at={plugin.loaded_at} />],
          [
            t.plugins.digest,
            <code key="digest" className="font-mono text-xs break-all">
              {plugin.digest ?? t.common.unknown}
            </code>,
          ],
          [t.plugins.columns.lastRuns, <LastRuns key="runs" plugin={plugin} />],
        ]}
      />
    </Card>
  )
}

/** server_version_num as people write it: 90600 is 9.6, 140000 is 14. */
export function versionText(number: number): string {
  const major = Math.floor(number / 10_000)
  return major >= 10 ? String(major) : `${major}.${Math.floor(number / 100) % 100}`
}

function Metrics({ plugin }: { plugin: Plugin }) {
  const { t, locale } = useI18n()
  if (plugin.metadata == null) {
    return (
      <Card title={t.plugins.metricSets}>
        <p className="p-3 text-dim">{t.plugins.notLoaded}</p>
      </Card>
    )
  }
  const words = probeWords(plugin.metadata, locale)
  return (
    <Card title={t.plugins.metricSets}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={`${plugin.name}: ${t.plugins.metricSets}`} className="max-h-96 overflow-auto">
        {plugin.metadata.sets.length === 0 && <p className="p-3 text-dim">{t.plugins.none}</p>}
        {plugin.metadata.sets.map((set) => (
          <div key={set.name} className="border-b border-line p-3 last:border-b-0">
            <h3 className="font-mono text-xs font-semibold break-all">{set.name}</h3>
            <p className="text-dim">{words.setHelp(set.name, set.help)}</p>
            {set.labels.length > 0 && (
              <p className="text-xs text-dim">
                {t.plugins.labels}: {set.labels.join(', ')}
              </p>
            )}
            <dl className="mt-2 grid gap-1">
              {set.metrics.map((metric) => (
                <div key={metric.name} className="sm:grid sm:grid-cols-[14rem_1fr] sm:gap-3">
                  <dt className="font-mono text-xs break-all">
                    {metric.name}
                    <span className="text-dim">
                      {' '}
                      {metric.kind}
                      {metric.unit !== '' && `, ${metric.unit}`}
                    </span>
                  </dt>
                  <dd className="text-xs text-dim">{words.metricHelp(set.name, metric.name, metric.help)}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </section>
    </Card>
  )
}
