import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'
import { cx } from './classes'

export const inputClass =
  'min-h-8 w-full min-w-0 rounded-md border border-line-strong bg-panel px-2.5 py-1 text-ink placeholder:text-dim disabled:bg-sunken disabled:text-dim aria-invalid:border-bad'

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
  const described = [props.error && errorId, props.hint && hintId].filter(Boolean).join(' ')
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
      {props.hint && (
        <p id={hintId} className="mt-1 text-xs text-dim">
          {props.hint}
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
        <select {...input} {...attributes} className={inputClass}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A filter in a toolbar: its label is for screen readers, the first choice says what it filters. */
export function SelectFilter(props: {
  label: string
  value: string
  choices: readonly Choice[]
  onChange: (value: string) => void
}) {
  return (
    <select
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
      className={cx(inputClass, 'w-auto max-w-full sm:max-w-60')}
    >
      {props.choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  )
}
