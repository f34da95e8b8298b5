import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import { cx } from './classes'
import { Icon } from './icon'

export const inputClass =
  'min-h-8 w-full min-w-0 rounded-md border border-line-strong/80 bg-panel px-2.5 py-1 text-ink placeholder:text-dim disabled:bg-sunken disabled:text-dim aria-invalid:border-bad'

interface FieldParts {
  label: string
  hint?: ReactNode
  error?: string | undefined
  className?: string
}

/** Label above, hint and error below, tied together for screen readers. */
function Field(
  props: FieldParts & {
    children: (attributes: { id: string; 'aria-invalid'?: true; 'aria-describedby'?: string }) => ReactNode
  },
) {
  const id = useId()
  const hintId = `${id}-hint`
  const errorId = `${id}-error`
  // A hint that says the same as the error is said once.
  const hint = props.hint === props.error ? undefined : props.hint
  const described = [props.error && errorId, hint && hintId].filter(Boolean).join(' ')
  return (
    <div className={cx('min-w-0', props.className)}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {props.label}
      </label>
      {props.children({
        id,
        ...(props.error ? { 'aria-invalid': true } : {}),
        ...(described === '' ? {} : { 'aria-describedby': described }),
      })}
      {props.error && (
        <p id={errorId} className="mt-1 text-xs font-medium text-bad">
          {props.error}
        </p>
      )}
      {hint && (
        <p id={hintId} className="mt-1 text-xs text-dim">
          {hint}
        </p>
      )}
    </div>
  )
}

export function TextField({
  label,
  hint,
  error,
  className,
  ...input
}: FieldParts & Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'>) {
  return (
    <Field label={label} hint={hint} error={error} className={className ?? ''}>
      {(attributes) => (
        <input autoComplete="off" spellCheck={false} {...input} {...attributes} className={inputClass} />
      )}
    </Field>
  )
}

export function TextArea({
  label,
  hint,
  error,
  className,
  ...input
}: FieldParts & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'className' | 'id'>) {
  return (
    <Field label={label} hint={hint} error={error} className={className ?? ''}>
      {(attributes) => (
        <textarea
          spellCheck={false}
          rows={4}
          {...input}
          {...attributes}
          className={cx(inputClass, 'font-mono text-xs')}
        />
      )}
    </Field>
  )
}

export interface Choice {
  value: string
  label: string
}

export function SelectField({
  label,
  hint,
  error,
  className,
  choices,
  ...input
}: FieldParts & { choices: readonly Choice[] } & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'className' | 'id'>) {
  return (
    <Field label={label} hint={hint} error={error} className={className ?? ''}>
      {(attributes) => (
        <SelectBox>
          <select {...input} {...attributes} className={selectClass}>
            <Options choices={choices} />
          </select>
        </SelectBox>
      )}
    </Field>
  )
}

const selectClass = cx(inputClass, 'appearance-none truncate pr-7')

/** The browser's own list, with an arrow like ours. */
const SelectBox = (props: { children: ReactNode; className?: string }) => (
  <div className={cx('relative min-w-0', props.className)}>
    {props.children}
    <Icon name="chevron" className="pointer-events-none absolute top-1/2 right-2.5 size-3 -translate-y-1/2 text-dim" />
  </div>
)

const Options = (props: { choices: readonly Choice[] }) =>
  props.choices.map((choice) => (
    <option key={choice.value} value={choice.value}>
      {choice.label}
    </option>
  ))

/** A filter in a toolbar: its label is for screen readers, the first choice says what it filters. */
export function SelectFilter(props: {
  label: string
  value: string
  choices: readonly Choice[]
  /** As wide as there is room, and not only as its text. */
  fill?: boolean
  onChange: (value: string) => void
}) {
  return (
    <SelectBox className={props.fill ? '' : 'max-w-full flex-1 basis-28 sm:flex-none sm:basis-auto'}>
      <select
        aria-label={props.label}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        className={cx(
          selectClass,
          !props.fill && 'sm:max-w-60 sm:field-sizing-content',
          props.value !== '' && 'font-medium',
        )}
      >
        <Options choices={props.choices} />
      </select>
    </SelectBox>
  )
}

/** A choice that is on or off. */
export function Checkbox(props: {
  label: string
  hint?: string
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}) {
  const id = useId()
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        {...(props.hint ? { 'aria-describedby': `${id}-hint` } : {})}
        onChange={(event) => props.onChange(event.target.checked)}
        className="mt-0.5 size-4 shrink-0 accent-(--accent)"
      />
      <div className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {props.label}
        </label>
        {props.hint && (
          <p id={`${id}-hint`} className="text-xs text-dim">
            {props.hint}
          </p>
        )}
      </div>
    </div>
  )
}
