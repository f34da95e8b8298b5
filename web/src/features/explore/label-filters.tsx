import { useQuery } from '@tanstack/react-query'
import { seriesQuery } from '../../api/history-queries'
import { labelMatchers } from '../../api/label-matcher'
import type { MetricSetDeclaration } from '../../api/types'
import { useTime } from '../../app/time'
import { NameFilter } from '../../blocks/name-filter'
import { useI18n } from '../../i18n'
import { SelectFilter } from '../../ui/field'
import { type ChosenLabels, labelValues, parseLabels } from './explore-model'

/** A choice for each label among the values that there are, and the label whose values become lines. */
export function LabelFilters(props: {
  server: string
  set: MetricSetDeclaration
  metric: string
  chosen: ChosenLabels
  onChoose: (change: ChosenLabels) => void
}) {
  const { t } = useI18n()
  const { range } = useTime()
  const { server, set, onChoose } = props
  const { l, by } = props.chosen
  const hasLabels = set.labels.length > 0
  // Without the filters: what is chosen must not hide the other choices.
  const all = useQuery({
    ...seriesQuery({ server, set: set.name, metrics: [props.metric] }, range),
    enabled: hasLabels,
  })
  if (!hasLabels) return null
  const chosen = parseLabels(l)
  const choose = (label: string, value: string | undefined) => {
    const { [label]: _before, ...others } = chosen
    const text = labelMatchers(value === undefined ? others : { ...others, [label]: value })
    onChoose({ l: text === '' ? undefined : text })
  }
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      {set.labels.map((label) => (
        <NameFilter
          key={label}
          label={label}
          value={chosen[label]}
          names={labelValues(all.data?.series ?? [], label)}
          text={(value) => (value === '' ? t.charts.noLabel : value)}
          onChange={(value) => choose(label, value)}
        />
      ))}
      {set.labels.length > 1 && (
        <SelectFilter
          label={t.explore.by}
          value={by ?? ''}
          choices={[
            { value: '', label: t.explore.bySeries },
            ...set.labels.map((label) => ({ value: label, label: t.explore.byLabel(label) })),
          ]}
          onChange={(label) => onChoose({ by: label })}
        />
      )}
    </div>
  )
}
