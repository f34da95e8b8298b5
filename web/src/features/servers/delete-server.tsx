import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, unwrap } from '../../api/client'
import { DangerButton } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'

/** History goes with the server, so its name must be typed. */
export function DeleteServer({ name }: { name: string }) {
  const { t } = useI18n()
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
  return (
    <DangerButton
      label={t.form.dangerZone}
      look="danger"
      title={t.server.deleteTitle(name)}
      text={t.server.deleteText}
      name={name}
      act={remove.isPending ? t.server.deleting : t.common.delete}
      mutation={remove}
    />
  )
}
