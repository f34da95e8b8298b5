import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { ConfirmDanger } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { Button } from '../../ui/button'

/** History goes with the server, so its name must be typed. */
export function DeleteServer({ name }: { name: string }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/servers/{name}', { params: { path: { name } } })),
    onSuccess: async () => {
      await navigate({ to: paths.servers(), ignoreBlocker: true })
      queryClient.removeQueries({ queryKey: ['server', name] })
      await queryClient.invalidateQueries({ queryKey: ['servers'] })
    },
  })
  const change = (next: boolean) => {
    setOpen(next)
    remove.reset()
  }
  return (
    <>
      <Button look="danger" onClick={() => change(true)}>
        {t.form.dangerZone}
      </Button>
      <ConfirmDanger
        open={open}
        onOpenChange={change}
        title={t.server.deleteTitle(name)}
        text={t.server.deleteText}
        name={name}
        act={remove.isPending ? t.server.deleting : t.common.delete}
        pending={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      />
    </>
  )
}
