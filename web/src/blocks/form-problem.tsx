import { ApiProblem, asProblem } from '../api/problem'
import { useI18n } from '../i18n'
import { RequestId } from './state-view'

/** Why the host did not take a form; nothing where it did. */
export function FormProblem(props: { error: unknown }) {
  const { t } = useI18n()
  if (!props.error) return null
  const problem = asProblem(props.error)
  return (
    <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 break-words text-bad">
      {problem.status === 0 ? t.states.unreachableTitle : problem.message}
      <RequestId problem={problem} />
    </div>
  )
}

/** What the host said about one field. */
export const fieldProblem = (error: unknown, field: string): string | undefined =>
  error instanceof ApiProblem ? error.fields.find((one) => one.field === field)?.message : undefined
