import type { LastRun, Plugin } from '../../api/types'
import type { Messages } from '../../i18n/en/en'

/** The list has no more servers of a plugin than these. */
const LISTED_MAX = 100

/**
 * On how many of its servers a plugin fails, the worst first: of one that runs, but not everywhere, the page can count
 * that itself. Else in the host's words; none where there is nothing to say.
 */
export function troubleText(plugin: Plugin, t: Messages): string | null {
  const { state, state_detail: detail, on_servers: entries } = plugin
  const isOwn = (state === 'degraded' || state === 'quarantined') && entries.length < LISTED_MAX
  const texts = isOwn ? counted(entries, t.plugins) : []
  if (texts.length > 0) return texts.join('; ')
  return detail == null ? null : t.said(detail)
}

function counted(entries: Plugin['on_servers'], t: Messages['plugins']): string[] {
  const total = entries.length
  const quarantined = entries.filter((one) => one.state === 'quarantined').length
  const backedOff = entries.filter((one) => one.state === 'backed-off').length
  const slowed = entries.filter((one) => one.slowed_to_ms != null).length
  const failing = [
    { count: quarantined, text: t.quarantinedOn },
    { count: backedOff, text: t.failsOn },
  ].toSorted((one, other) => other.count - one.count)
  const texts = failing.filter(({ count }) => count > 0).map(({ count, text }) => text(count, total))
  // As the host does it: what is slowed by its budget is news only where nothing fails.
  return texts.length === 0 && slowed > 0 ? [t.slowedOn(slowed, total)] : texts
}

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
