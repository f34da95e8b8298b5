import type { Run } from '../../api/types'
import { useI18n } from '../../i18n'

/** What a run cost, what is missing and why, and what the probe said. */
export function RunDetails({ run }: { run: Run }) {
  const { t, u } = useI18n()
  const { cost } = run
  const costs = [
    `${t.runs.cost.cpu} ${u.duration(cost.cpu_us / 1_000)}`,
    `${t.runs.cost.memory} ${u.bytes(cost.memory_peak_bytes)}`,
    t.runs.cost.queries(cost.queries),
    t.runs.cost.rows(cost.rows),
    `${t.runs.cost.received} ${u.bytes(cost.bytes)}`,
    ...(cost.ssh_commands > 0 ? [t.runs.cost.ssh(cost.ssh_commands)] : []),
    `${t.runs.cost.waited} ${u.duration(cost.host_call_us / 1_000)}`,
  ]
  return (
    <div className="grid gap-3 bg-canvas px-3 py-3 whitespace-normal sm:pl-14">
      <p className="break-words">
        {u.dateTime(run.started_at)}
        {run.trigger === 'request' && `, ${t.runs.onRequest}`}
        {run.ticks_skipped > 0 && <span className="text-warn"> · {t.runs.skipped(run.ticks_skipped)}</span>}
      </p>
      {run.detail && <p className="break-words whitespace-pre-wrap">{t.said(run.detail)}</p>}
      <p className="text-dim">
        {t.runs.columns.cost}: {costs.join(' · ')}
      </p>
      {run.absences.length > 0 && (
        <section aria-label={t.runs.absent}>
          <h3 className="font-semibold">{t.runs.absent}</h3>
          <ul className="mt-1 grid gap-1">
            {run.absences.map((absence) => (
              <li key={`${absence.set} ${absence.labels.join(' ')}`} className="break-words">
                <code className="font-mono text-xs">
                  {absence.set} {absence.labels.join(', ')}
                </code>{' '}
                <span className="text-warn">{t.absenceReasons[absence.reason]}</span>: {t.said(absence.detail)}
              </li>
            ))}
          </ul>
        </section>
      )}
      {run.log.length > 0 && (
        <section aria-label={t.runs.log}>
          <h3 className="font-semibold">{t.runs.log}</h3>
          <ul className="mt-1 font-mono text-xs">
            {run.log.map((line, index) => (
              <li key={index} className="break-words">
                <span className="text-dim">{line.severity}</span> {line.message}
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className="text-xs break-all text-dim">
        {run.id}
        {run.digest && ` · ${t.runs.component} ${run.digest.slice(0, 12)}`}
      </p>
    </div>
  )
}
