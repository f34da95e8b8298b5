import { useEffect, useEffectEvent } from 'react'
import type { ApiProblem } from '../api/problem'
import { useI18n } from '../i18n'
import { problemText } from '../i18n/problem-text'
import { Button } from '../ui/button'
import { Logo } from './logo'

/** Between two attempts to reach a host that is away. */
const RETRY_EVERY_MS = 5_000

export function Splash() {
  const { t } = useI18n()
  return (
    <main className="grid min-h-dvh place-items-center">
      <div role="status" aria-busy="true">
        <Logo />
        <span className="sr-only">{t.common.loading}</span>
      </div>
    </main>
  )
}

/** The session may be fine, but the host does not answer: not a reason to ask for a password. */
export function Unavailable(props: { problem: ApiProblem; onRetry: () => void }) {
  const { t } = useI18n()
  const retry = useEffectEvent(() => props.onRetry())
  const wait = (props.problem.retryAfterSeconds ?? 0) * 1_000 || RETRY_EVERY_MS
  useEffect(() => {
    const timer = setTimeout(() => retry(), wait)
    return () => clearTimeout(timer)
  }, [wait])
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div role="alert" className="max-w-md text-center">
        <Logo />
        <h1 className="mt-4 text-lg font-semibold">{t.states.unreachableTitle}</h1>
        <p className="mt-1 text-dim">
          {props.problem.status === 0 ? t.states.unreachableText : problemText(t, props.problem)}
        </p>
        <Button className="mt-4" onClick={props.onRetry}>
          {t.common.retry}
        </Button>
      </div>
    </main>
  )
}
