import { type FormEvent, useRef, useState } from 'react'
import { session } from '../api/client'
import { asProblem } from '../api/problem'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { useUser } from './session-context'

/** `extendable`: a press is enough. `password`: the host does not renew it, so it must be begun anew. */
export interface Ending {
  kind: 'extendable' | 'password'
  left: number
}

/** Asks whether an idle session is to go on. */
export function EndingDialog({ ending, onExtended }: { ending: Ending; onExtended: () => void }) {
  const { t, u } = useI18n()
  const { login } = useUser()
  const [password, setPassword] = useState('')
  const [needsPassword, setNeedsPassword] = useState(ending.kind === 'password')
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  // Enter must not sign out whoever just goes on typing.
  const stay = useRef<HTMLButtonElement>(null)
  const extend = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      if (needsPassword) await session.signIn(login, password)
      else if (!(await session.extend())) return setNeedsPassword(true)
      onExtended()
    } catch (error) {
      const { status, message } = asProblem(error)
      setProblem(status === 401 ? t.login.wrong : status === 0 ? t.login.unavailable : message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <QuestionDialog
      open
      onOpenChange={() => undefined}
      {...(needsPassword ? {} : { initialFocus: stay })}
      title={t.session.endingTitle}
      text={
        <>
          {/* Said once; the seconds are for the eye. */}
          {needsPassword ? t.session.endingPassword : t.session.endingText}
          <span role="timer" className="mt-2 block text-xl font-semibold text-ink">
            {u.countdown(ending.left)}
          </span>
        </>
      }
    >
      <form onSubmit={(event) => void extend(event)} className="mt-4 grid gap-3">
        {needsPassword && (
          <TextField
            label={`${t.login.password} (${login})`}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
        {problem !== '' && (
          <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-bad">
            {problem}
          </p>
        )}
        <DialogActions>
          <Button onClick={() => void session.signOut()}>{t.nav.signOut}</Button>
          <Button ref={stay} type="submit" look="primary" disabled={busy}>
            {needsPassword ? t.login.submit : t.session.extend}
          </Button>
        </DialogActions>
      </form>
    </QuestionDialog>
  )
}
