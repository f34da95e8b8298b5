import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ownSessionsQuery } from '../../api/admin-queries'
import { api, session, unwrap } from '../../api/client'
import { Card } from '../../blocks/card'
import { FormProblem, fieldProblem } from '../../blocks/form-problem'
import { usePasswordProblem } from '../../blocks/new-password'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { TextField } from '../../ui/field'
import { toast } from '../../ui/toasts'

/** A new password ends all other sessions; this page goes on with new tokens. */
export function PasswordForm() {
  const { t } = useI18n()
  const client = useQueryClient()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [tried, setTried] = useState(false)
  const weak = usePasswordProblem(next)
  const differs = next === again ? undefined : t.account.passwordsDiffer
  const save = useMutation({
    mutationFn: () =>
      unwrap(api.PUT('/api/users/me/password', { body: { current_password: current, new_password: next } })),
    onSuccess: async (tokens) => {
      session.adopt(tokens)
      for (const clear of [setCurrent, setNext, setAgain]) clear('')
      setTried(false)
      toast(t.account.passwordChanged)
      await client.invalidateQueries({ queryKey: ownSessionsQuery().queryKey })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (current !== '' && weak === undefined && differs === undefined) save.mutate()
  }
  const wrong = fieldProblem(t, save.error, 'current_password') === undefined ? undefined : t.account.wrongPassword
  return (
    <Card title={t.account.password}>
      <form onSubmit={submit} noValidate className="grid gap-4 p-4">
        <TextField
          label={t.account.currentPassword}
          type="password"
          autoComplete="current-password"
          value={current}
          error={tried && current === '' ? t.form.errors.required : wrong}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <TextField
          label={t.users.newPassword}
          type="password"
          autoComplete="new-password"
          hint={t.users.passwordRule}
          value={next}
          error={(tried ? weak : undefined) ?? fieldProblem(t, save.error, 'new_password')}
          onChange={(event) => setNext(event.target.value)}
        />
        <TextField
          label={t.account.passwordAgain}
          type="password"
          autoComplete="new-password"
          value={again}
          error={tried ? differs : undefined}
          onChange={(event) => setAgain(event.target.value)}
        />
        {wrong === undefined && <FormProblem error={save.error} />}
        <div>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {save.isPending ? t.common.saving : t.account.changePassword}
          </Button>
        </div>
      </form>
    </Card>
  )
}
