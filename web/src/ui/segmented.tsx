import { useI18n } from '../i18n'
import { cx } from './classes'

export interface Segment<Value extends string> {
  value: Value
  label: string
  count?: number
  title?: string
}

/** A short list of which one is chosen. */
export function Segmented<Value extends string>(props: {
  label: string
  value: Value | undefined
  segments: readonly Segment<Value>[]
  onChange: (value: Value) => void
}) {
  const { u } = useI18n()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      role="group"
      aria-label={props.label}
      className="inline-flex max-w-full flex-wrap rounded-md border border-line-strong/60 bg-panel p-0.5"
    >
      {props.segments.map((segment) => {
        const chosen = segment.value === props.value
        return (
          <button
            key={segment.value}
            type="button"
            aria-pressed={chosen}
            title={segment.title}
            onClick={() => props.onChange(segment.value)}
            className={cx(
              'inline-flex min-h-[26px] items-center gap-1.5 rounded px-2 font-medium whitespace-nowrap',
              chosen ? 'bg-accent-soft text-accent-strong' : 'text-dim hover:bg-sunken hover:text-ink',
            )}
          >
            {segment.label}
            {segment.count !== undefined && <span className="text-xs tabular-nums">{u.integer(segment.count)}</span>}
          </button>
        )
      })}
    </div>
  )
}
