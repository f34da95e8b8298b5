import type { LiveQuery } from '../../api/types'
import { countsOf } from '../../lib/group'
import { matchesSearch } from '../../lib/sort'

/** Sections by what one looks for; a session may be in several. */
export const SESSION_STATES = ['active', 'blocked', 'in-transaction', 'idle', 'unknown'] as const
export type SessionState = (typeof SESSION_STATES)[number]

/** Waits for what another holds. Of whom is told nothing else, it is told by whom. */
export const isBlocked = (session: LiveQuery): boolean =>
  session.wait_event_type === 'Lock' || session.blocked_by.length > 0

const IS: Record<SessionState, (session: LiveQuery) => boolean> = {
  active: (session) => session.state === 'active',
  blocked: isBlocked,
  'in-transaction': (session) => session.state?.startsWith('idle in transaction') === true,
  idle: (session) => session.state === 'idle',
  /** The role may not see it, or the server does not track it. */
  unknown: (session) => session.state == null,
}

/** How many sessions wait for each process, also those that wait for one that itself waits. */
export function countBlocked(sessions: readonly LiveQuery[]): ReadonlyMap<number, number> {
  const blockers = new Map(sessions.map((session) => [session.pid, session.blocked_by]))
  return countsOf(
    sessions.flatMap((session) => {
      const behind = new Set(session.blocked_by)
      // What is added meanwhile is gone through too; in a deadlock it ends where it began.
      for (const pid of behind) for (const next of blockers.get(pid) ?? []) behind.add(next)
      behind.delete(session.pid)
      return [...behind]
    }),
  )
}

/** When its statement began, if it runs: afterwards PostgreSQL keeps the moment. */
export const statementStart = (session: LiveQuery): string | null =>
  session.state === 'idle' || IS['in-transaction'](session) ? null : (session.query_start ?? null)

/** What PostgreSQL calls it: `Lock: transactionid`. */
export const waitOf = (session: LiveQuery): string | null =>
  session.wait_event == null ? null : `${session.wait_event_type ?? ''}: ${session.wait_event}`

export interface SessionFilter {
  text: string
  state: SessionState | undefined
  wait: string | undefined
}

export function filterSessions(
  sessions: readonly LiveQuery[],
  { text, state, wait }: SessionFilter,
  without?: 'state' | 'wait',
): LiveQuery[] {
  const blockers = new Set(sessions.flatMap((session) => session.blocked_by))
  const inState = (session: LiveQuery, wanted: SessionState) =>
    // Who is blocked is read with the one that blocks.
    IS[wanted](session) || (wanted === 'blocked' && blockers.has(session.pid))
  return sessions.filter(
    (session) =>
      (without === 'state' || state === undefined || inState(session, state)) &&
      (without === 'wait' || wait === undefined || waitOf(session) === wait) &&
      matchesSearch(text, [
        String(session.pid),
        session.usename,
        session.datname,
        session.application_name,
        session.client_addr,
        session.state,
        session.query,
      ]),
  )
}

/** How many rows each state would give. */
export function countStates(sessions: readonly LiveQuery[], filter: SessionFilter): Record<SessionState, number> {
  const count = (state: SessionState) => filterSessions(sessions, { ...filter, state }).length
  return {
    active: count('active'),
    blocked: count('blocked'),
    'in-transaction': count('in-transaction'),
    idle: count('idle'),
    unknown: count('unknown'),
  }
}

/** What sessions wait for, the most frequent first. */
export function countWaits(sessions: readonly LiveQuery[]): { wait: string; count: number }[] {
  return [...countsOf(sessions.map(waitOf).filter((wait) => wait !== null))]
    .map(([wait, count]) => ({ wait, count }))
    .toSorted((a, b) => b.count - a.count || a.wait.localeCompare(b.wait))
}

/** For how long, at the moment of reading by the server's own clock. What began meanwhile is not of the future. */
export const lasted = (since: string | null | undefined, readAt: number): number | null =>
  since == null ? null : Math.max(0, readAt - Date.parse(since))

/** Who keeps others waiting first, and waits for nobody; then what is going on, and of it what lasts longest. */
export function byWeight(blocked: ReadonlyMap<number, number>): (a: LiveQuery, b: LiveQuery) => number {
  const atRoot = (session: LiveQuery) => (session.blocked_by.length === 0 ? (blocked.get(session.pid) ?? 0) : 0)
  return (a, b) => atRoot(b) - atRoot(a) || rank(a) - rank(b) || begun(a) - begun(b) || a.pid - b.pid
}

const ORDER: readonly SessionState[] = ['blocked', 'active', 'in-transaction', 'unknown', 'idle']

function rank(session: LiveQuery): number {
  const found = ORDER.findIndex((state) => IS[state](session))
  return found < 0 ? ORDER.length : found
}

function begun(session: LiveQuery): number {
  const since = session.xact_start ?? statementStart(session)
  return since == null ? Number.POSITIVE_INFINITY : Date.parse(since)
}

/** Seconds between two readings; 0 is only by hand. */
export const PERIODS = ['1', '2', '5', '15', '0'] as const
export const USUAL_PERIOD = '5'
