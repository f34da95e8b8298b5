import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { sshKeysQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { SshKey } from '../../api/types'
import { FormDialog } from '../../blocks/form-dialog'
import { FormProblem, fieldProblem } from '../../blocks/form-problem'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { DialogActions } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { toast } from '../../ui/toasts'

/** Name and description; the key itself never changes. */
export function KeyDialog({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const [name, setName] = useState(sshKey.name)
  const [description, setDescription] = useState(sshKey.description ?? '')
  const save = useMutation({
    mutationFn: () =>
      unwrap(api.PUT('/api/ssh-keys/{id}', { params: { path: { id: sshKey.id } }, body: { name, description } })),
    onSuccess: async () => {
      toast(t.keys.saved)
      onClose()
      await client.invalidateQueries({ queryKey: sshKeysQuery().queryKey })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') save.mutate()
  }
  return (
    <FormDialog onClose={onClose} title={t.keys.editTitle(sshKey.name)}>
      <form onSubmit={submit} noValidate className="mt-4 grid gap-4">
        <TextField
          label={t.keys.columns.name}
          value={name}
          error={name.trim() === '' ? t.form.errors.required : fieldProblem(t, save.error, 'name')}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label={t.keys.description}
          value={description}
          error={fieldProblem(t, save.error, 'description')}
          onChange={(event) => setDescription(event.target.value)}
        />
        <FormProblem error={save.error} />
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {save.isPending ? t.common.saving : t.common.save}
          </Button>
        </DialogActions>
      </form>
    </FormDialog>
  )
}
