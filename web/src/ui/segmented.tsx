import { cx } from './classes'

export interface Segment<Value extends string> {
  value: Value
  label: string
  title?: string
}

/** A short list of which one is chosen. */
export function Segmented<Value extends string>(props: {
  label: string
  value: Value | undefined
  segments: readonly Segment<Value>[]
  onChange: (value: Value) => void
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      role="group"
      aria-label={props.label}
      className="inline-flex max-w-full flex-wrap rounded-md border border-line-strong bg-panel p-0.5"
    >
      {props.segments.map((segment) => (
        <button
          key={segment.value}
          type="button"
          aria-pressed={segment.value === props.value}
          title={segment.title}
          onClick={() => props.onChange(segment.value)}
          className={cx(
            'min-h-[26px] rounded px-2 font-medium whitespace-nowrap',
            segment.value === props.value ? 'bg-accent text-on-accent' : 'text-dim hover:bg-sunken hover:text-ink',
          )}
        >
          {segment.label}
        </button>
      ))}
    </div>
  )
}
