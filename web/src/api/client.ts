import createClient from 'openapi-fetch'
import { problemFrom } from './problem'
import type { paths } from './schema'
import { Session } from './session'

const withoutLocks = <T>(work: () => Promise<T>): Promise<T> => work()

export const session = new Session({
  fetch: (request) => fetch(request),
  channel: new BroadcastChannel('pgvigil.session'),
  // Locks exist in secure contexts only; over plain HTTP to another machine each tab refreshes by itself.
  exclusively:
    'locks' in navigator ? async (work) => await navigator.locks.request('pgvigil.refresh', work) : withoutLocks,
  origin: location.origin,
})

export const api = createClient<paths>({ baseUrl: location.origin, fetch: session.fetch })

/** The data of an answer, or the problem as an exception: what TanStack Query expects. */
export async function unwrap<Data>(
  answer: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await answer
  if (!response.ok || data === undefined) throw problemFrom(response, error)
  return data
}
