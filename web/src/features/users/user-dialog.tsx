import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { usersQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { User } from '../../api/types'
import { useUser } from '../../app/session-context'
import { FormDialog } from '../../blocks/form-dialog'
import { FormProblem, fieldProblem } from '../../blocks/form-problem'
import { NewPassword, usePasswordProblem } from '../../blocks/new-password'
import { useI18n } from '../../i18n'
import { oneOf } from '../../lib/url-state'
import { Button } from '../../ui/button'
import { DialogActions } from '../../ui/dialog'
import { Checkbox, SelectField, TextField } from '../../ui/field'
import { toast } from '../../ui/toasts'
import { isEmail, isLogin } from './users-model'

const ROLES = ['viewer', 'operator', 'admin'] as const

/** A new user, or the changes to one; what would lock somebody out cannot be chosen. */
export function UserDialog(props: { user: User | null; onClose: () => void }) {
  const { t } = useI18n()
  const { user } = props
  // The last administrator cannot go either: whoever is here is one, and stays.
  const own = useUser().login === user?.login
  const client = useQueryClient()
  const [login, setLogin] = useState(user?.login ?? '')
  const [role, setRole] = useState<User['role']>(user?.role ?? 'viewer')
  const [email, setEmail] = useState(user?.email ?? '')
  const [active, setActive] = useState(user?.is_active ?? true)
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const weak = usePasswordProblem(password)
  const needsPassword = user === null || password !== ''

  const save = useMutation({
    mutationFn: () =>
      unwrap(
        user === null
          ? api.POST('/api/users', { body: { login, password, role, ...(email === '' ? {} : { email }) } })
          : api.PUT('/api/users/{login}', {
              params: { path: { login: user.login } },
              body: { role, email, is_active: active, ...(password === '' ? {} : { password }) },
            }),
      ),
    onSuccess: async (saved) => {
      toast(user === null ? t.users.added(saved.login) : t.users.saved(saved.login))
      props.onClose()
      await client.invalidateQueries({ queryKey: usersQuery().queryKey })
    },
  })

  const errors = {
    login: user === null && !isLogin(login) ? t.users.loginRule : undefined,
    email: isEmail(email) ? undefined : t.users.emailRule,
    password: needsPassword ? weak : undefined,
  }
  const isValid = Object.values(errors).every((error) => error === undefined)
  const shown = (field: keyof typeof errors) =>
    (tried ? errors[field] : undefined) ?? fieldProblem(t, save.error, field)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (isValid) save.mutate()
  }

  return (
    <FormDialog onClose={props.onClose} title={user === null ? t.users.addTitle : t.users.editTitle(user.login)}>
      <form onSubmit={submit} noValidate className="mt-4 grid gap-4">
        {user === null && (
          <TextField
            label={t.users.columns.login}
            hint={t.users.loginRule}
            value={login}
            error={shown('login')}
            onChange={(event) => setLogin(event.target.value)}
          />
        )}
        <SelectField
          label={t.users.columns.role}
          hint={own ? t.users.ownHint : t.users.roleHints[role]}
          disabled={own}
          value={role}
          choices={ROLES.map((value) => ({ value, label: t.roles[value] }))}
          onChange={(event) => setRole(oneOf(event.target.value, ROLES) ?? role)}
        />
        <TextField
          label={t.users.columns.email}
          type="email"
          value={email}
          error={shown('email')}
          onChange={(event) => setEmail(event.target.value)}
        />
        <NewPassword
          label={user === null ? t.login.password : t.users.newPassword}
          value={password}
          error={shown('password')}
          {...(user === null ? {} : { hint: t.users.newPasswordHint })}
          onChange={setPassword}
        />
        {user !== null && (
          <Checkbox
            label={t.users.mayEnter}
            hint={t.users.mayEnterHint}
            checked={active}
            disabled={own}
            onChange={setActive}
          />
        )}
        <FormProblem error={save.error} />
        <DialogActions>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={save.isPending}>
            {save.isPending ? t.common.saving : user === null ? t.users.add : t.common.save}
          </Button>
        </DialogActions>
      </form>
    </FormDialog>
  )
}
