import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import { keyServersQuery, sshKeysQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { SshKey } from '../../api/types'
import { ConfirmDanger } from '../../blocks/confirm-danger'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { Button } from '../../ui/button'
import { DialogActions, QuestionDialog } from '../../ui/dialog'
import { toast } from '../../ui/toasts'

/** A key that servers use cannot go: they are named instead. */
export function DeleteKey({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const { t } = useI18n()
  const client = useQueryClient()
  const { id, name } = sshKey
  const users = useQuery(keyServersQuery(id)).data?.servers ?? []
  const remove = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/ssh-keys/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      toast(t.keys.deleted(name))
      onClose()
      await client.invalidateQueries({ queryKey: sshKeysQuery().queryKey })
    },
  })
  const change = (open: boolean) => !open && onClose()
  if (sshKey.servers_count > 0 || users.length > 0) {
    return (
      <QuestionDialog
        open
        onOpenChange={change}
        title={t.keys.inUseTitle(name)}
        text={
          <>
            {t.keys.inUseText}{' '}
            {users.map((server, index) => (
              <Fragment key={server.name}>
                {index > 0 && ', '}
                <Link to={paths.server(server.name)} className="text-accent-strong underline">
                  {server.name}
                </Link>
              </Fragment>
            ))}
          </>
        }
      >
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            {t.common.close}
          </Button>
        </DialogActions>
      </QuestionDialog>
    )
  }
  return (
    <ConfirmDanger
      open
      onOpenChange={change}
      title={t.keys.deleteTitle(name)}
      text={t.keys.deleteText}
      name={name}
      act={t.common.delete}
      mutation={remove}
    />
  )
}
