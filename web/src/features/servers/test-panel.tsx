import type { UseMutationResult } from '@tanstack/react-query'
import type { TestAnswer } from '../../api/types'
import { Card } from '../../blocks/card'
import { FormProblem } from '../../blocks/form-problem'
import { useI18n } from '../../i18n'
import { FIELD_NAMES, type ServerDraft } from './server-draft'
import { TestReport } from './test-report'

/** What the last test of the settings found, and whether they are still the same. */
export function TestPanel(props: {
  test: UseMutationResult<TestAnswer, Error, ServerDraft>
  draft: ServerDraft
  className?: string
}) {
  const { t } = useI18n()
  const { test, draft } = props
  const stale = test.variables !== draft
  return (
    <Card title={t.form.test} {...(props.className ? { className: props.className } : {})}>
      <div aria-live="polite" aria-busy={test.isPending} className="grid grid-cols-1 gap-4 p-4">
        {test.isPending ? (
          <p className="text-dim">{t.form.testing}</p>
        ) : test.data ? (
          <>
            {stale && <p className="text-warn">{t.form.testStale}</p>}
            <TestReport title={t.form.postgres} result={test.data.postgres} stale={stale} />
            {test.data.ssh && <TestReport title={t.form.ssh} result={test.data.ssh} stale={stale} />}
          </>
        ) : test.error ? (
          <FormProblem error={test.error} fields={FIELD_NAMES} />
        ) : (
          <p className="text-dim">{t.form.testEmpty}</p>
        )}
      </div>
    </Card>
  )
}
