import type { TestResult, TestStep } from '../../api/types'
import { CopyButton } from '../../blocks/copy-button'
import { useI18n } from '../../i18n'
import { grantsIn } from '../../lib/grants'
import { cx } from '../../ui/classes'
import { Icon, type IconName } from '../../ui/icon'

const STEP_LOOKS: Record<TestStep['outcome'], { icon: IconName; className: string }> = {
  passed: { icon: 'check', className: 'bg-ok-soft text-ok' },
  warning: { icon: 'warning', className: 'bg-warn-soft text-warn' },
  failed: { icon: 'cross', className: 'bg-bad-soft text-bad' },
  skipped: { icon: 'minus', className: 'bg-sunken text-dim' },
}

export function TestReport(props: { title: string; result: TestResult; stale: boolean }) {
  const { t } = useI18n()
  const { result } = props
  return (
    <div className={cx(props.stale && 'opacity-70')}>
      <h3 className="flex items-center gap-2 font-semibold">
        <Icon
          name={result.success ? 'check' : 'cross'}
          className={cx('size-4 shrink-0', result.success ? 'text-ok' : 'text-bad')}
        />
        {props.title}: {result.success ? t.form.testPassed : t.form.testFailed}
      </h3>
      <p className="mt-0.5 break-words text-dim">{t.said(result.message)}</p>
      <ol className="mt-2 grid grid-cols-1 gap-2">
        {result.steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
    </div>
  )
}

function Step({ step }: { step: TestStep }) {
  const { t, u } = useI18n()
  const look = STEP_LOOKS[step.outcome]
  const names: Record<string, string> = t.form.steps
  const grants = step.outcome === 'passed' ? [] : grantsIn(step.detail)
  return (
    <li className="flex gap-2">
      <span className={cx('mt-0.5 grid size-5 shrink-0 place-items-center rounded-full', look.className)}>
        <Icon name={look.icon} className="size-3" />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{names[step.name] ?? step.name}</span>
          <span className="sr-only">{t.stepOutcomes[step.outcome]}</span>
          {step.outcome !== 'skipped' && <span className="text-xs text-dim">{u.duration(step.duration_ms)}</span>}
        </div>
        <div className="break-words whitespace-pre-wrap text-dim">{t.said(step.detail)}</div>
        {grants.length > 0 && (
          <div className="mt-1.5 grid grid-cols-1 gap-1.5">
            <pre className="rounded-md border border-line bg-sunken p-2 font-mono text-xs break-words whitespace-pre-wrap">
              {grants.join('\n')}
            </pre>
            <div>
              <CopyButton text={grants.join('\n')} label={t.form.copySql} />
            </div>
          </div>
        )}
      </div>
    </li>
  )
}
