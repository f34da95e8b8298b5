import type { MetricDeclaration, MetricSetDeclaration } from '../api/types'
import { groupBy } from '../lib/group'
import type { ChartShape } from './model'

/** A chart that follows from what a probe declares: no code knows the metric. */
export interface AutoChart {
  id: string
  set: MetricSetDeclaration
  metrics: MetricDeclaration[]
  shape: ChartShape
  /** Facts have no history worth a line: they are a table of now. */
  kind: 'lines' | 'facts'
  zero: boolean
}

/** More lines of one family than these are charts of their own. */
const FAMILY_MAX = 5

/**
 * The charts of a set. With labels each metric has its own, a line for each series; without labels, metrics of one kind
 * and unit share an axis.
 */
export function autoCharts(set: MetricSetDeclaration): AutoChart[] {
  const facts = set.metrics.filter((metric) => metric.kind === 'info')
  const lines = set.metrics.filter((metric) => metric.kind !== 'info')
  const groups =
    set.labels.length > 0
      ? lines.map((metric) => [metric])
      : [...groupBy(lines, (metric) => `${metric.kind} ${metric.unit}`).values()].flatMap((family) =>
          family.length <= FAMILY_MAX ? [family] : family.map((metric) => [metric]),
        )
  const charts = groups.map((metrics) => linesOf(set, metrics))
  return facts.length === 0 ? charts : [...charts, { ...linesOf(set, facts), id: `${set.name} facts`, kind: 'facts' }]
}

/** One metric alone, split by a label where one is chosen. */
export function chartOf(set: MetricSetDeclaration, metric: MetricDeclaration, by: string | undefined): AutoChart {
  const chart = linesOf(set, [metric])
  const kind = metric.kind === 'info' ? 'facts' : 'lines'
  return by === undefined ? { ...chart, kind } : { ...chart, kind, shape: { kind: 'by-label', label: by } }
}

function linesOf(set: MetricSetDeclaration, metrics: MetricDeclaration[]): AutoChart {
  return {
    id: `${set.name} ${metrics.map((metric) => metric.name).join(' ')}`,
    set,
    metrics,
    shape: set.labels.length > 0 ? { kind: 'by-series' } : { kind: 'by-metric' },
    kind: 'lines',
    // A size or an age that hardly moves is what one looks for; a count is compared with nothing.
    zero: metrics.some((metric) => metric.kind === 'counter' || metric.unit === ''),
  }
}
