import { useState } from 'react'
import type { Plugin } from '../../api/types'
import { Card } from '../../blocks/card'
import { CopyButton } from '../../blocks/copy-button'
import { EmptyState } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { Checkbox, TextArea, TextField } from '../../ui/field'
import { configToml, type Entered, enteredOf, type Option, optionProblem } from './config-model'
import { probeWords } from './probe-words'
import { usePlugin } from './use-plugin'

/**
 * The options that the probe declares, as a form. plugins.toml is the one place where they are kept, so what the form
 * gives is the table to put there; the host takes it over as soon as the file is saved.
 */
export function PluginConfigTab() {
  const { t } = useI18n()
  const plugin = usePlugin()
  if (plugin === undefined) return null
  const { metadata } = plugin
  if (metadata == null) return <EmptyState title={t.plugins.tabs.config} text={t.plugins.notLoaded} />
  if (metadata.options.length === 0) return <EmptyState title={t.plugins.tabs.config} text={t.plugins.noOptions} />
  return <ConfigForm plugin={plugin} metadata={metadata} />
}

function ConfigForm({ plugin, metadata }: { plugin: Plugin; metadata: NonNullable<Plugin['metadata']> }) {
  const { t, locale } = useI18n()
  const words = probeWords(metadata, locale)
  const [entered, setEntered] = useState<Record<string, Entered>>(() =>
    Object.fromEntries(metadata.options.map((option) => [option.key, enteredOf(option, plugin.config)])),
  )
  const toml = configToml(metadata.options, entered)
  const wrong = metadata.options.some((option) => optionProblem(option, entered[option.key] ?? '') !== undefined)
  return (
    <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_28rem]">
      <Card title={t.plugins.options}>
        <div className="grid gap-4 p-4">
          {metadata.options.map((option) => (
            <OptionField
              key={option.key}
              option={option}
              help={words.optionHelp(option.key, option.help)}
              value={entered[option.key] ?? ''}
              onChange={(value) => setEntered((before) => ({ ...before, [option.key]: value }))}
            />
          ))}
        </div>
      </Card>
      <Card title="plugins.toml" className="xl:sticky xl:top-4">
        <div className="grid gap-3 p-4">
          <p className="text-dim">{t.plugins.configText(plugin.name)}</p>
          <pre className="rounded-md border border-line bg-sunken p-2 font-mono text-xs break-words whitespace-pre-wrap">
            {toml}
          </pre>
          {wrong ? <p className="text-bad">{t.form.fix}</p> : <CopyButtonRow text={toml} />}
        </div>
      </Card>
    </div>
  )
}

function CopyButtonRow({ text }: { text: string }) {
  const { t } = useI18n()
  return (
    <div>
      <CopyButton text={text} label={t.common.copy} />
    </div>
  )
}

function OptionField(props: { option: Option; help: string; value: Entered; onChange: (value: Entered) => void }) {
  const { t } = useI18n()
  const { option, help, value, onChange } = props
  const problem = optionProblem(option, value)
  const preset = option.default == null || option.default === '' ? '' : ` ${t.plugins.default(option.default)}`
  if (typeof value === 'boolean') {
    return <Checkbox label={option.key} hint={help + preset} checked={value} onChange={onChange} />
  }
  const parts = {
    label: `${option.key}${option.required ? ' *' : ''}`,
    hint: help + preset,
    value,
    error: problem === undefined ? undefined : t.plugins.optionProblems[problem],
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  }
  const isLong = option.kind === 'structure' || value.includes('\n')
  if (isLong) return <TextArea rows={6} {...parts} />
  return <TextField inputMode={option.kind === 'text' ? 'text' : 'decimal'} {...parts} />
}
