import { useMutation, useQueryClient } from '@tanstack/react-query'
import { usersQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { User } from '../../api/types'
import { ConfirmDanger } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'
import { toast } from '../../ui/toasts'

export function DeleteUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const { login } = user
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/users/{login}', { params: { path: { login } } })),
    onSuccess: async () => {
      toast(t.users.deleted(login))
      onClose()
      await client.invalidateQueries({ queryKey: usersQuery().queryKey })
    },
  })
  return (
    <ConfirmDanger
      open
      onOpenChange={(open) => !open && onClose()}
      title={t.users.deleteTitle(login)}
      text={t.users.deleteText}
      name={login}
      act={t.common.delete}
      mutation={remove}
    />
  )
}
