import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import { asProblem } from '../../api/problem'
import { RequestId } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { Button } from '../../ui/button'
import { QuestionDialog } from '../../ui/dialog'
import { TextField } from '../../ui/field'

/** History goes with the server, so its name must be typed. */
export function DeleteServer({ name }: { name: string }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const [typed, setTyped] = useState('')
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
    setTyped('')
    remove.reset()
  }
  return (
    <div className="mt-6 border-t border-line pt-4">
      <Button look="danger" onClick={() => change(true)}>
        {t.form.dangerZone}
      </Button>
      <QuestionDialog open={open} onOpenChange={change} title={t.server.deleteTitle(name)} text={t.server.deleteText}>
        <form
          className="mt-4 grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (typed === name) remove.mutate()
          }}
        >
          <TextField
            label={t.server.deleteConfirm(name)}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          {remove.error && (
            <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
              {asProblem(remove.error).message}
              <RequestId problem={asProblem(remove.error)} />
            </div>
          )}
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={() => change(false)}>{t.common.cancel}</Button>
            <Button type="submit" look="danger" disabled={typed !== name || remove.isPending}>
              {remove.isPending ? t.server.deleting : t.common.delete}
            </Button>
          </div>
        </form>
      </QuestionDialog>
    </div>
  )
}
