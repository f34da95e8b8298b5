import type { ServerStatus } from '../../api/types'
import type { Messages } from '../../i18n/en/en'

/** What the sums of the fleet are made of. */
export type SummedSet = 'filesystem' | 'pg_stat_activity' | 'pg_stat_database' | 'pg_database_size'

/** Why a server is in none of the sums over `set`: what was refused was looked for, and is not merely not collected. */
export function reasonWithout(
  { state, reason, not_collected: absent }: ServerStatus,
  set: SummedSet,
  t: Messages,
): string {
  if (state === 'unreachable' || state === 'pending') return t.serverStates[state]
  const found = absent.find(({ sets }) => sets.includes(set))
  if (found !== undefined) return t.absenceReasons[found.reason]
  const isSsh = reason === 'ssh-failed' || reason === 'host-key-changed'
  return set === 'filesystem' && isSsh ? t.failureReasons[reason] : t.fleet.notCollected
}
