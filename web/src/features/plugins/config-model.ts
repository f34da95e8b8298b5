import type { Plugin } from '../../api/types'
import { tomlKey, tomlValue } from '../../lib/toml'

export type Option = NonNullable<Plugin['metadata']>['options'][number]

/** What a field holds: text as typed, or on and off. */
export type Entered = string | boolean

/** What stands in the form at first: the value that is used now. */
export function enteredOf(option: Option, config: Readonly<Record<string, string>>): Entered {
  const value = config[option.key] ?? option.default ?? ''
  switch (option.kind) {
    case 'boolean':
      return value === 'true'
    case 'structure':
      return tomlOfJson(value)
    case 'text':
    case 'integer':
    case 'number':
      return value
  }
}

/** The host tells structures as JSON; what is none is left as it is. */
function tomlOfJson(text: string): string {
  try {
    if (text === '') return ''
    const value: unknown = JSON.parse(text)
    // A line of its own for each of a list: a set has a whole query.
    if (!Array.isArray(value) || value.length === 0) return tomlValue(value) ?? text
    return `[\n${value
      .flatMap((item) => tomlValue(item) ?? [])
      .map((item) => `  ${item},\n`)
      .join('')}]`
  } catch {
    return text
  }
}

export type OptionProblem = 'required' | 'integer' | 'number'

export function optionProblem(option: Option, entered: Entered): OptionProblem | undefined {
  if (typeof entered === 'boolean') return undefined
  const text = entered.trim()
  if (text === '') return option.required ? 'required' : undefined
  if (option.kind === 'integer' && !/^[+-]?\d+$/.test(text)) return 'integer'
  if (option.kind === 'number' && (text === '' || !Number.isFinite(Number(text)))) return 'number'
  return undefined
}

/** The table for plugins.toml: only what differs from the default is worth a line. */
export function configToml(options: readonly Option[], entered: Readonly<Record<string, Entered>>): string {
  const lines = options.flatMap((option) => {
    const value = entered[option.key] ?? ''
    const text = textOf(option, value)
    return text === undefined ? [] : [`${tomlKey(option.key)} = ${text}`]
  })
  return ['[plugin.config]', ...lines].join('\n')
}

function textOf(option: Option, entered: Entered): string | undefined {
  const preset = option.default ?? ''
  if (typeof entered === 'boolean') return String(entered) === preset ? undefined : String(entered)
  const text = entered.trim()
  if (text === '' || text === preset) return undefined
  return option.kind === 'text' ? tomlValue(entered) : text
}
