import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { asProblem } from '../../api/problem'
import { pluginsQuery, settingsQuery } from '../../api/queries'
import type { SettingsMap } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Card } from '../../blocks/card'
import { fieldProblem } from '../../blocks/form-problem'
import { LeaveQuestion } from '../../blocks/leave-question'
import { PageHeader } from '../../blocks/page-header'
import { ForbiddenState, QueryView, RequestId } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { problemText } from '../../i18n/problem-text'
import { hostTime } from '../../lib/now'
import { canEditSettings } from '../../lib/roles'
import { Button } from '../../ui/button'
import { TextField } from '../../ui/field'
import { FormSkeleton } from '../../ui/skeleton'
import { HostCards } from './host-cards'
import {
  changedSettings,
  draftOfSettings,
  isValidSetting,
  ownIntervals,
  SETTING_GROUPS,
  SETTING_KEYS,
  type SettingKey,
  type SettingsDraft,
} from './settings-model'

export function SettingsPage() {
  const { t } = useI18n()
  const may = canEditSettings(useUser().role)
  return (
    <>
      <PageHeader title={t.settings.title} note={may ? t.settings.hint : undefined} />
      {may ? (
        <>
          <StoredSettings />
          <HostCards />
        </>
      ) : (
        <ForbiddenState />
      )}
    </>
  )
}

function StoredSettings() {
  const [savedAt, setSavedAt] = useState<number | null>(null)
  const query = useQuery({ ...settingsQuery(), refetchOnWindowFocus: false })
  return (
    <QueryView query={query} skeleton={<FormSkeleton />}>
      {(settings) => (
        // A new form for new values: what is stored is what an undo returns to.
        <SettingsForm
          key={JSON.stringify(draftOfSettings(settings))}
          settings={settings}
          savedAt={savedAt}
          onSaved={() => setSavedAt(hostTime(Date.now()))}
        />
      )}
    </QueryView>
  )
}

const SECOND_MS = 1_000

function SettingsForm(props: { settings: SettingsMap; savedAt: number | null; onSaved: () => void }) {
  const { t, u } = useI18n()
  const { settings } = props
  const queryClient = useQueryClient()
  const before = draftOfSettings(settings)
  const [draft, setDraft] = useState<SettingsDraft>(before)
  const changed = changedSettings(before, draft)
  const dirty = Object.keys(changed).length > 0
  const isValid = (key: SettingKey) => {
    const range = settings[key]
    return range === undefined || isValidSetting(range, draft[key])
  }
  const valid = SETTING_KEYS.every(isValid)

  const save = useMutation({
    mutationFn: () => unwrap(api.PUT('/api/settings', { body: changed })),
    onSuccess: (saved) => {
      queryClient.setQueryData(settingsQuery().queryKey, saved)
      props.onSaved()
    },
  })

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (dirty && valid) save.mutate()
  }

  const units: Record<string, string> = {
    seconds: t.settings.unitSeconds,
    months: t.settings.unitMonths,
    days: t.settings.unitDays,
  }

  const field = (key: SettingKey) => {
    const setting = settings[key]
    if (setting === undefined) return null
    const unit = units[setting.unit] ?? setting.unit
    const range = [u.integer(setting.min), u.integer(setting.max)] as const
    const readable = setting.unit === 'seconds' && isValid(key)
    const length = readable ? `${t.settings.equals(u.duration(Number(draft[key]) * SECOND_MS))} ` : ''
    const own = isValid(key) ? undefined : t.settings.outOfRange(...range)
    return (
      <TextField
        key={key}
        label={`${t.settings.names[key]}, ${unit}`}
        hint={`${t.settings.help[key]} ${length}${t.settings.between(...range)} ${unit}.`}
        error={own ?? fieldProblem(t, save.error, key)}
        inputMode="numeric"
        value={draft[key]}
        onChange={(event) => setDraft({ ...draft, [key]: event.target.value.trim() })}
      />
    )
  }
  const { collecting, retention } = SETTING_GROUPS
  const shrinks = retention.some((key) => changed[key] !== undefined && Number(draft[key]) < Number(before[key]))

  return (
    <form onSubmit={submit} noValidate className="grid max-w-4xl gap-4">
      <Card title={t.settings.collecting}>
        <div className="grid gap-4 p-4 sm:grid-cols-2 lg:grid-cols-3">{collecting.map(field)}</div>
        <OwnIntervals settings={settings} />
      </Card>
      <Card title={t.settings.retention}>
        <div className="grid gap-4 p-4 sm:grid-cols-2 lg:grid-cols-3">{retention.map(field)}</div>
        {shrinks && <p className="px-4 pb-3 text-warn">{t.settings.shrinkWarning}</p>}
      </Card>
      {save.error && (
        <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
          {problemText(t, asProblem(save.error))}
          <RequestId problem={asProblem(save.error)} />
        </div>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" look="primary" disabled={!dirty || !valid || save.isPending}>
          {save.isPending ? t.common.saving : t.common.save}
        </Button>
        <Button look="quiet" disabled={!dirty} onClick={() => setDraft(before)}>
          {t.settings.reset}
        </Button>
        <span role="status" className="text-dim">
          {dirty ? t.settings.unsaved : props.savedAt === null ? '' : t.settings.saved}
        </span>
      </div>
      <LeaveQuestion isOpen={() => dirty} />
    </form>
  )
}

/** A setting is only for plugins whose interval names it: others do not follow, and one should not wait for it. */
function OwnIntervals({ settings }: { settings: SettingsMap }) {
  const { t } = useI18n()
  const plugins = useQuery(pluginsQuery()).data ?? []
  const count = ownIntervals(settings, plugins)
  return count === 0 ? null : <p className="px-4 pb-3 text-dim">{t.settings.ownIntervals(count)}</p>
}
