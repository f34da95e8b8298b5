import { ApiProblem, asProblem } from '../api/problem'
import { useI18n } from '../i18n'
import type { Messages } from '../i18n/en/en'
import { problemText } from '../i18n/problem-text'
import { RequestId } from './state-view'

/** Why the host did not take a form; nothing where it did. */
export function FormProblem(props: { error: unknown }) {
  const { t } = useI18n()
  if (!props.error) return null
  const problem = asProblem(props.error)
  return (
    <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
      {problem.status === 0 ? t.states.unreachableTitle : problemText(t, problem)}
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
