import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { session } from '../api/client'
import { keepFresh } from '../api/freshness'
import { Live } from '../api/live'
import { onOpenDialogs } from '../ui/open-dialogs'
import { useTime } from './time'

const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

export const live = new Live({
  open: (signal) => session.stream(new Request(new URL('/api/stream', location.origin), { signal })),
  wait,
})

export const useLiveState = () => useSyncExternalStore(live.subscribe, live.state)

/** Pauses the page while something is looked at: a chosen row must not move away. */
export function useHold(active: boolean) {
  useEffect(() => (active ? live.hold() : undefined), [active])
}

/** A page that nobody sees needs no connection for long. */
const HIDDEN_MS = 60_000

/** Stands once in the page: keeps what is shown fresh, by listening or by asking. */
export function Freshness() {
  const client = useQueryClient()
  const { paused } = useTime()
  useEffect(() => live.setPaused(paused), [paused])
  useEffect(() => keepFresh(client, live), [client])
  useEffect(() => {
    let release = () => {}
    const stop = onOpenDialogs((open) => {
      release()
      release = open > 0 ? live.hold() : () => {}
    })
    return () => {
      stop()
      release()
    }
  }, [])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const follow = () => {
      clearTimeout(timer)
      if (document.hidden) timer = setTimeout(() => live.stop(), HIDDEN_MS)
      else live.start()
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', follow)
      live.stop()
    }
  }, [])
  return null
}
