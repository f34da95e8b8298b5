import { useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { FormDialog } from '../../blocks/form-dialog'
import { useI18n } from '../../i18n'
import { type SavedView, setPreferences, usePreferences } from '../../lib/preferences'
import { Button } from '../../ui/button'
import { DialogActions } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { MenuButton, MenuItem, MenuSeparator } from '../../ui/menu'

/** Views that this browser remembers: the address holds all of a view, so a name for it is enough. */
export function SavedViews() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const href = useLocation({ select: (location) => location.href })
  const { views } = usePreferences()
  const [saving, setSaving] = useState(false)
  const here = views.find((view) => view.href === href)
  const save = (name: string) => {
    setPreferences((before) => ({ views: [...before.views.filter((view) => view.name !== name), { name, href }] }))
    setSaving(false)
  }
  const forget = (gone: SavedView) =>
    setPreferences((before) => ({ views: before.views.filter((view) => view.name !== gone.name) }))
  return (
    <>
      <MenuButton
        className="inline-flex min-h-8 items-center gap-1.5 rounded-md border border-line-strong/60 bg-panel px-2.5 font-medium hover:bg-sunken"
        trigger={
          <>
            {t.explore.views}
            <Icon name="chevron" className="size-3 shrink-0 text-dim" />
          </>
        }
      >
        {views.length === 0 && <div className="px-2.5 py-1.5 text-dim">{t.explore.noViews}</div>}
        {views.map((view) => (
          <MenuItem key={view.name} icon="chart" onSelect={() => void navigate({ href: view.href })}>
            {view.name}
          </MenuItem>
        ))}
        <MenuSeparator />
        <MenuItem icon="plus" onSelect={() => setSaving(true)}>
          {t.explore.saveView}
        </MenuItem>
        {here && (
          <MenuItem icon="trash" onSelect={() => forget(here)}>
            {t.explore.forgetView(here.name)}
          </MenuItem>
        )}
      </MenuButton>
      {saving && <SaveDialog onSave={save} onClose={() => setSaving(false)} />}
    </>
  )
}

function SaveDialog(props: { onSave: (name: string) => void; onClose: () => void }) {
  const { t } = useI18n()
  const [name, setName] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') props.onSave(name.trim())
  }
  return (
    <FormDialog onClose={props.onClose} title={t.explore.saveView} text={t.explore.saveText}>
      <form onSubmit={submit} className="mt-4">
        <TextField label={t.form.name} value={name} onChange={(event) => setName(event.target.value)} />
        <DialogActions>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={name.trim() === ''}>
            {t.common.save}
          </Button>
        </DialogActions>
      </form>
    </FormDialog>
  )
}
