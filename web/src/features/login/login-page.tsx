import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'
import { session } from '../../api/client'
import { type ApiProblem, asProblem } from '../../api/problem'
import { versionQuery } from '../../api/queries'
import { Logo } from '../../app/logo'
import { LOCALES, useI18n } from '../../i18n'
import { useAsPageTitle } from '../../lib/page-title'
import { setTheme, useIsDark } from '../../lib/theme'
import { unsaved } from '../../lib/unsaved'
import { Button } from '../../ui/button'
import { TextField } from '../../ui/field'
import { Segmented } from '../../ui/segmented'

/** Between two attempts to have a session ended by a host that is away. */
const FINISH_EVERY_MS = 5_000

export function LoginPage(props: { expired: boolean; unended: boolean }) {
  const { t, locale, setLocale } = useI18n()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [busy, setBusy] = useState(false)
  /** Seconds that the host asked us to wait, counted down. */
  const [wait, setWait] = useState(0)
  const health = useQuery(versionQuery())
  const dark = useIsDark()
  const [lost] = useState(unsaved.wasLost)
  useEffect(() => unsaved.forget, [])

  useAsPageTitle(t.login.title)

  useEffect(() => {
    if (wait === 0) return
    const timer = setTimeout(() => setWait(wait - 1), 1_000)
    return () => clearTimeout(timer)
  }, [wait])

  useEffect(() => {
    if (!props.unended) return
    const timer = setInterval(() => void session.finishSignOut(), FINISH_EVERY_MS)
    return () => clearInterval(timer)
  }, [props.unended])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    session
      .signIn(username, password)
      .catch((error: unknown) => {
        const refused = asProblem(error)
        setProblem(refused)
        setWait(refused.retryAfterSeconds ?? 0)
      })
      .finally(() => setBusy(false))
  }

  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="w-full max-w-sm">
        <div className="rounded-xl border border-line bg-panel p-6 shadow-popup">
          <Logo className="inline-flex items-center gap-2 text-lg font-semibold tracking-tight" />
          <p className="mt-1 text-dim">{t.login.subtitle}</p>
          <h1 className="sr-only">{t.login.title}</h1>
          {props.expired && problem === null && (
            <p role="status" className="mt-4 rounded-md bg-warn-soft px-3 py-2 text-warn">
              {t.login.expired}
            </p>
          )}
          {lost && (
            <p role="status" className="mt-4 rounded-md bg-warn-soft px-3 py-2 text-warn">
              {t.login.lost}
            </p>
          )}
          {props.unended && (
            <p role="status" className="mt-4 rounded-md bg-warn-soft px-3 py-2 text-warn">
              {t.login.unended}
            </p>
          )}
          {problem && (
            <p role="alert" className="mt-4 rounded-md bg-bad-soft px-3 py-2 text-bad">
              <ProblemText problem={problem} wait={wait} />
            </p>
          )}
          <form onSubmit={submit} className="mt-4 grid gap-4">
            <TextField
              label={t.login.username}
              name="username"
              autoComplete="username"
              required
              autoFocus
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
            <TextField
              label={t.login.password}
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            <Button type="submit" look="primary" disabled={busy || wait > 0} className="min-h-9">
              {busy ? t.login.submitting : t.login.submit}
            </Button>
          </form>
          <p className="mt-4 text-xs text-dim">{t.login.firstStart}</p>
        </div>
        <div className="mt-3 flex flex-wrap items-center justify-between gap-2">
          <Segmented
            label={t.nav.language}
            value={locale}
            segments={LOCALES.map((value) => ({ value, label: value.toUpperCase() }))}
            onChange={setLocale}
          />
          <span className="text-xs text-dim">
            {health.isError ? t.login.unavailable : health.data ? t.login.version(health.data) : ''}
          </span>
          <Segmented
            label={t.nav.theme}
            value={dark ? 'dark' : 'light'}
            segments={[
              { value: 'light', label: t.nav.themeLight },
              { value: 'dark', label: t.nav.themeDark },
            ]}
            onChange={setTheme}
          />
        </div>
      </div>
    </main>
  )
}

function ProblemText(props: { problem: ApiProblem; wait: number }) {
  const { t, u } = useI18n()
  switch (props.problem.status) {
    case 0:
      return t.login.unavailable
    case 401:
      return t.login.wrong
    case 429:
      return t.login.limited(u.duration(props.wait * 1_000))
    default:
      return props.problem.message
  }
}
