import type { Query, QueryClient } from '@tanstack/react-query'
import type { Live, LiveEvent } from './live'

/** How a query stays fresh; part of its `meta`. A query without one is asked once. */
export interface Freshness {
  /** Asked again after this long, where the host does not push or what it pushes says nothing about this query. */
  every: number
  /** Whether this makes the answer old. */
  touchedBy?: (event: LiveEvent) => boolean
  /** At least this long between two answers, however much is pushed; longer where the answer is long. */
  gap?: number | ((answer: unknown) => number)
}

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: { freshness?: Freshness | undefined }
  }
}

const TICK_MS = 1_000
const GAP_MS = 2_000
/** Pushed queries are still asked now and then: a lost event must not leave a page old for ever. */
const SAFETY_FACTOR = 6

/** The one place that asks again. Hidden pages and paused ones do not. */
export function keepFresh(client: QueryClient, live: Live): () => void {
  const touched = new Set<string>()
  let heard: LiveEvent[] = []
  const stopListening = live.listen((event) => heard.push(event))
  /** Together, as many are told of in a second. */
  const touch = () => {
    if (heard.length === 0) return
    for (const query of client.getQueryCache().getAll()) {
      const touchedBy = query.meta?.freshness?.touchedBy
      if (touchedBy === undefined || touched.has(query.queryHash)) continue
      if (heard.some((event) => event.kind === 'missed' || touchedBy(event))) touched.add(query.queryHash)
    }
    heard = []
  }
  const tick = () => {
    touch()
    const state = live.state()
    if (state === 'paused' || document.hidden) return
    const now = Date.now()
    for (const query of client.getQueryCache().getAll()) {
      if (!isDue(query, touched.has(query.queryHash), state === 'push', now)) continue
      touched.delete(query.queryHash)
      void client.refetchQueries({ queryKey: query.queryKey, exact: true, type: 'active' })
    }
  }
  const timer = setInterval(tick, TICK_MS)
  return () => {
    clearInterval(timer)
    stopListening()
  }
}

function isDue(query: Query, isTouched: boolean, pushed: boolean, now: number): boolean {
  const freshness = query.meta?.freshness
  if (freshness === undefined || !query.isActive() || query.state.fetchStatus !== 'idle') return false
  const age = now - Math.max(query.state.dataUpdatedAt, query.state.errorUpdatedAt)
  const { gap = GAP_MS } = freshness
  if (isTouched) return age >= (typeof gap === 'number' ? gap : gap(query.state.data))
  const every = pushed && freshness.touchedBy !== undefined ? freshness.every * SAFETY_FACTOR : freshness.every
  return age >= every
}
