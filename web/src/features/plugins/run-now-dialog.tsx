import { type FormEvent, useState } from 'react'
import type { Plugin } from '../../api/types'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { DialogActions, ModalDialog } from '../../ui/dialog'
import { SelectField } from '../../ui/field'
import { useRunNow } from './plugin-actions'

/** Out of turn, on one server or on all that the plugin is for. */
export function RunNowDialog({ plugin, onClose }: { plugin: Plugin; onClose: () => void }) {
  const { t } = useI18n()
  const [server, setServer] = useState('')
  const run = useRunNow(plugin.name)
  const servers = plugin.on_servers.flatMap((one) => (one.server == null ? [] : [one.server]))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate(server === '' ? null : server, { onSuccess: onClose })
  }
  return (
    <ModalDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t.plugins.runNowTitle(plugin.name)}
      text={t.plugins.runNowText}
      closeLabel={t.common.close}
    >
      <form onSubmit={submit} className="mt-4">
        <SelectField
          label={t.common.server}
          value={server}
          choices={[
            { value: '', label: t.plugins.everywhere(servers.length) },
            ...servers.map((name) => ({ value: name, label: name })),
          ]}
          onChange={(event) => setServer(event.target.value)}
        />
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={run.isPending}>
            {t.plugins.runNow}
          </Button>
        </DialogActions>
      </form>
    </ModalDialog>
  )
}
