import createClient from 'openapi-fetch'
import { noteHostTime } from '../lib/now'
import { problemFrom, unreachable } from './problem'
import type { paths } from './schema'
import { Session } from './session'

const UNENDED_KEY = 'pgvigil.unended'

/** For the page alone where storage is switched off. */
let unended = false

const remembered = {
  get: () => {
    try {
      return localStorage.getItem(UNENDED_KEY) !== null
    } catch {
      return unended
    }
  },
  set: (value: boolean) => {
    unended = value
    try {
      if (value) localStorage.setItem(UNENDED_KEY, '1')
      else localStorage.removeItem(UNENDED_KEY)
    } catch {
      // Then a reload forgets it; the notice says that the host was not told.
    }
  },
}

const withoutLocks = <T>(work: () => Promise<T>): Promise<T> => work()

export const session = new Session({
  fetch: async (request) => {
    const response = await fetch(request)
    noteHostTime(response.headers.get('date'), Date.now())
    return response
  },
  channel: new BroadcastChannel('pgvigil.session'),
  // Locks exist in secure contexts only; over plain HTTP to another machine each tab refreshes by itself.
  exclusively:
    'locks' in navigator ? async (work) => await navigator.locks.request('pgvigil.refresh', work) : withoutLocks,
  unended: remembered,
  origin: location.origin,
})

export const api = createClient<paths>({ baseUrl: location.origin, fetch: session.fetch })

/** The data of an answer, or the problem as an exception: what TanStack Query expects. */
export async function unwrap<Data>(
  answer: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await answer.catch(cutOff)
  if (!response.ok || data === undefined) throw problemFrom(response, error)
  return data
}

/** An answer that began and did not end in time is none. */
function cutOff(error: unknown): never {
  throw error instanceof DOMException && error.name === 'TimeoutError' ? unreachable() : error
}
