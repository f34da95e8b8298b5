import type { ApiProblem } from '../api/problem'
import type { Messages } from './en/en'

/** Why the host refused, in the language of the reader where its words alone say it, else as the host put it. */
export function problemText(t: Messages, { kind, message }: ApiProblem): string {
  const texts: Record<string, string> = t.problems
  return (kind === null ? undefined : texts[kind]) ?? t.said(message)
}
