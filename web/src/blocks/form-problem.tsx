import { ApiProblem, asProblem } from '../api/problem'
import { useI18n } from '../i18n'
import type { Messages } from '../i18n/en/en'
import { problemText } from '../i18n/problem-text'
import { RequestId } from './state-view'

interface FormProblemProps {
  error: unknown
  /** Fields that say themselves what the host said about them. */
  fields?: Readonly<Record<string, unknown>>
}

/** Why the host did not take a form; nothing where it did. */
export function FormProblem({ error, fields = {} }: FormProblemProps) {
  const { t } = useI18n()
  if (!error) return null
  const problem = asProblem(error)
  const atFields = problem.fields.length > 0 && problem.fields.every(({ field }) => field in fields)
  const text = atFields ? t.form.fix : problemText(t, problem)
  return (
    <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
      {problem.status === 0 ? t.states.unreachableTitle : text}
      <RequestId problem={problem} />
    </div>
  )
}

/** What the host said about one field. */
export function fieldProblem(t: Messages, error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined
  const found = error.fields.find((one) => one.field === field)?.message
  if (found === undefined) return undefined
  return found === error.message ? problemText(t, error) : t.said(found)
}
