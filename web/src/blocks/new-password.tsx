import { useState } from 'react'
import { useI18n } from '../i18n'
import { makePassword, passwordProblem } from '../lib/password'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { CopyButton } from './copy-button'

/** A password to be set; one that was made here is shown, so that it can be handed on. */
export function NewPassword(props: {
  label: string
  value: string
  error?: string | undefined
  hint?: string
  onChange: (password: string) => void
}) {
  const { t } = useI18n()
  const [made, setMade] = useState(false)
  const make = () => {
    setMade(true)
    props.onChange(makePassword())
  }
  return (
    <div className="grid gap-2">
      <TextField
        label={props.label}
        type={made ? 'text' : 'password'}
        autoComplete="new-password"
        value={props.value}
        hint={props.hint ?? t.users.passwordRule}
        error={props.error}
        onChange={(event) => props.onChange(event.target.value)}
      />
      <div className="flex flex-wrap gap-2">
        <Button onClick={make}>{t.users.makePassword}</Button>
        {made && props.value !== '' && <CopyButton text={props.value} label={t.common.copy} />}
      </div>
    </div>
  )
}

/** Why a password is not good enough, in words; nothing where it is. */
export function usePasswordProblem(password: string): string | undefined {
  const { t } = useI18n()
  const problem = passwordProblem(password)
  return problem === undefined ? undefined : t.users.passwordProblems[problem]
}
