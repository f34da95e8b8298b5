import { type FormEvent, useEffect, useState } from 'react'
import { session } from '../api/client'
import { asProblem } from '../api/problem'
import { useI18n } from '../i18n'
import { preferences } from '../lib/preferences'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { useUser } from './session-context'

/** From here on the reader is asked, unless the page is in use. */
const WARN_MS = 300_000
/** Whoever did nothing for so long may have left. */
const IDLE_MS = 900_000
const TICK_MS = 1_000

/** `extendable`: a press is enough. `password`: the host does not renew it, so it must be begun anew. */
type Ending = { kind: 'extendable' | 'password'; left: number }

/** Renews the session of a page that is used, and asks before that of an idle one ends. */
export function SessionGuard() {
  const [ending, setEnding] = useState<Ending | null>(null)
  useActivity()
  useEffect(() => {
    let refused = false
    let asked = false
    let busy = false
    const tick = () => {
      const end = session.expiresAt()
      const left = end === null ? Number.POSITIVE_INFINITY : end - Date.now()
      if (left > WARN_MS) {
        refused = false
        asked = false
        setEnding(null)
        return
      }
      const used = preferences().keepSignedIn || Date.now() - session.activeAt() < IDLE_MS
      // Over a sleep nobody was asked, and a reload would renew it too.
      if (!refused && (used || (left <= 0 && !asked))) {
        if (busy) return
        busy = true
        session
          .extend()
          .then((extended) => {
            refused = !extended
          })
          .catch(() => undefined) // The host is away; the next tick tries again.
          .finally(() => {
            busy = false
          })
        return
      }
      if (left <= 0) {
        void session.expire()
        return
      }
      asked = true
      setEnding({ kind: refused ? 'password' : 'extendable', left })
    }
    const timer = setInterval(tick, TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return ending && <EndingDialog ending={ending} onExtended={() => setEnding(null)} />
}

function useActivity() {
  useEffect(() => {
    const note = () => session.noteActivity()
    const events = ['keydown', 'pointerdown', 'wheel'] as const
    for (const event of events) addEventListener(event, note, { passive: true })
    return () => {
      for (const event of events) removeEventListener(event, note)
    }
  }, [])
}

function EndingDialog({ ending, onExtended }: { ending: Ending; onExtended: () => void }) {
  const { t, u } = useI18n()
  const { login } = useUser()
  const [password, setPassword] = useState('')
  const [needsPassword, setNeedsPassword] = useState(ending.kind === 'password')
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
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
          <Button type="submit" look="primary" disabled={busy}>
            {needsPassword ? t.login.submit : t.session.extend}
          </Button>
        </DialogActions>
      </form>
    </QuestionDialog>
  )
}
