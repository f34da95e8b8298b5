import { useI18n } from '../i18n'
import { SelectFilter } from '../ui/field'

/** One of several names, or all. */
export function NameFilter(props: {
  label: string
  value: string | undefined
  names: readonly string[]
  /** What a name is called on screen. */
  text?: (name: string) => string
  onChange: (value: string | undefined) => void
}) {
  const { t } = useI18n()
  const { value, names, text = (name) => name } = props
  // The chosen one stays visible, even where it does not exist any more.
  const all = value === undefined || names.includes(value) ? names : [value, ...names]
  return (
    <SelectFilter
      label={props.label}
      value={value ?? ''}
      choices={[
        { value: '', label: `${props.label}: ${t.common.all.toLocaleLowerCase()}` },
        ...all.map((name) => ({ value: name, label: text(name) })),
      ]}
      onChange={(chosen) => props.onChange(chosen === '' ? undefined : chosen)}
    />
  )
}
