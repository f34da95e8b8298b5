import { useEffect, useState } from 'react'
import { session } from '../api/client'
import { lazyPart } from '../lib/lazy-part'
import { preferences } from '../lib/preferences'
import type { Ending } from './ending-dialog'

/** From here on the reader is asked, unless the page is in use. */
const WARN_MS = 300_000
/** Whoever did nothing for so long may have left. */
const IDLE_MS = 900_000
const TICK_MS = 1_000

const RETRY_MS = 5_000

/** Its code was loaded ahead; where the host was away then, it is tried again until it comes. */
export const EndingDialog = lazyPart(
  () => import('./ending-dialog').then((module) => module.EndingDialog),
  () => null,
  function Again({ onRetry }) {
    useEffect(() => {
      const timer = setTimeout(onRetry, RETRY_MS)
      return () => clearTimeout(timer)
    }, [onRetry])
    return null
  },
)

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
