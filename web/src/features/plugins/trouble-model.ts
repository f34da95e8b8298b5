import type { LastRun, Plugin } from '../../api/types'
import type { Messages } from '../../i18n/en/en'

/** The failed run that is the newest of those that were the last of their server. */
export function newestFailure({ last_runs: runs }: Plugin): LastRun | undefined {
  return runs
    .filter((run) => run.outcome === 'failed')
    .toSorted((one, other) => Date.parse(other.started_at) - Date.parse(one.started_at))[0]
}

/** `billing-01: SQL failed: relation "x" does not exist` */
export function failureText(run: LastRun, t: Messages): string {
  const parts = [run.server, run.reason && t.failureReasons[run.reason], run.detail && t.said(run.detail)]
  return parts.filter(Boolean).join(': ')
}
