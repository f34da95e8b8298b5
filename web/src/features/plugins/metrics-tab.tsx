import { Link } from '@tanstack/react-router'
import type { Plugin } from '../../api/types'
import { Card } from '../../blocks/card'
import { EmptyState } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { cx } from '../../ui/classes'
import { kindAndUnit, probeWords } from './probe-words'
import { usePlugin } from './use-plugin'

type Set = NonNullable<Plugin['metadata']>['sets'][number]

/** What the probe declares: each set, its labels, and each metric with its kind, unit and meaning. */
export function PluginMetricsTab() {
  const { t } = useI18n()
  const plugin = usePlugin()
  if (plugin === undefined) return null
  const { metadata } = plugin
  if (metadata == null) return <EmptyState title={t.plugins.metricSets} text={t.plugins.notLoaded} />
  if (metadata.sets.length === 0) return <EmptyState title={t.plugins.metricSets} text={t.plugins.noMetrics} />
  return (
    <div className={cx('grid items-start gap-3', metadata.sets.length > 1 && 'xl:grid-cols-2')}>
      {metadata.sets.map((set) => (
        <MetricSet key={set.name} set={set} metadata={metadata} />
      ))}
    </div>
  )
}

function MetricSet({ set, metadata }: { set: Set; metadata: NonNullable<Plugin['metadata']> }) {
  const { t, locale } = useI18n()
  const words = probeWords(metadata, locale)
  return (
    <Card title={set.name}>
      <div className="border-b border-line px-3 py-2">
        <p>{words.setHelp(set.name, set.help)}</p>
        <p className="text-xs text-dim">
          {t.plugins.labels}: {set.labels.length === 0 ? t.plugins.none : set.labels.join(', ')}
        </p>
      </div>
      <ul>
        {set.metrics.map((metric) => (
          <li key={metric.name} className="border-b border-line px-3 py-1.5 last:border-b-0">
            <div className="flex flex-wrap items-baseline gap-x-2">
              <Link
                to={paths.explore()}
                search={(previous: Record<string, unknown>) => ({
                  ...previous,
                  set: set.name,
                  metric: metric.name,
                })}
                className="inline-flex min-h-[24px] items-center font-mono text-xs break-all text-accent-strong hover:underline"
              >
                {metric.name}
              </Link>
              <span className="text-xs text-dim">{kindAndUnit(metric, t.plugins)}</span>
            </div>
            <p className="text-dim">{words.metricHelp(set.name, metric.name, metric.help)}</p>
          </li>
        ))}
      </ul>
    </Card>
  )
}
