import { useI18n } from '../i18n'
import { formatValue } from '../lib/units'
import { cx } from '../ui/classes'
import { hasValues, seriesFacts } from './facts'
import { COMPARED_MAX, currentLines, lineNumber } from './line-looks'
import type { ChartData } from './model'
import { swatchClass } from './theme'

/** What the lines are, with their last values; a press leaves one of them alone. */
export function Legend(props: { data: ChartData; isolated: string | null; onIsolate: (key: string | null) => void }) {
  const { t, u } = useI18n()
  const { data } = props
  const { series, format } = data
  const before = data.compared.filter(({ key }) => props.isolated === null || props.isolated === key)
  const wasWatched = hasValues(before)
  // Of many lines none is compared before it is chosen.
  const compares = before.length > 0 && (!wasWatched || before.length <= COMPARED_MAX)
  if (series.length < 2 && !compares) return null
  const current = currentLines(data)
  return (
    <ul className="flex flex-wrap gap-x-0.5 px-1 pt-1">
      {(series.length < 2 ? [] : series).map((one, index) => {
        const only = props.isolated === one.key
        const off = props.isolated !== null && !only
        return (
          <li key={one.key} className="max-w-full min-w-0">
            <button
              type="button"
              aria-pressed={only}
              title={only ? t.charts.showAll : t.charts.isolate(one.label)}
              onClick={() => props.onIsolate(only ? null : one.key)}
              className={cx(
                'inline-flex min-h-[24px] max-w-full items-center gap-1.5 rounded px-1.5 text-xs hover:bg-sunken',
                only && 'bg-sunken',
                off && 'text-dim',
              )}
            >
              <span
                aria-hidden="true"
                className={cx(
                  'size-2 shrink-0 rounded-full',
                  off ? 'border border-line-strong' : swatchClass(lineNumber(data, index)),
                )}
              />
              <span className="truncate">{one.label}</span>
              <span className="shrink-0 text-dim tabular-nums">
                {formatValue(u, format, current[index] ? seriesFacts(one.values).last : null)}
              </span>
            </button>
          </li>
        )
      })}
      {compares && (
        <li className="inline-flex min-h-[24px] items-center gap-1.5 px-1.5 text-xs text-dim">
          {wasWatched ? (
            <>
              <span aria-hidden="true" className="w-4 border-t-2 border-dotted border-dim" />
              {t.charts.dotted}
            </>
          ) : (
            t.charts.nothingBefore
          )}
        </li>
      )}
    </ul>
  )
}
