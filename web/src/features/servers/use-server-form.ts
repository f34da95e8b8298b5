import { type UseMutationResult, useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, unwrap } from '../../api/client'
import type { ServerStatus } from '../../api/types'
import { fieldProblem } from '../../blocks/form-problem'
import { useI18n } from '../../i18n'
import { checkDraft, type DraftErrors, FIELD_NAMES, ofTheForm, type ServerDraft, settingsOf } from './server-draft'

/** Fields that are typed as text. */
export type TextFieldName = Exclude<keyof ServerDraft, 'sshEnabled' | 'sshAuth' | 'sslmode' | 'clear'>

export interface ServerForm {
  stored: ServerStatus | null
  draft: ServerDraft
  dirty: boolean
  hasErrors: boolean
  change: (part: Partial<ServerDraft>) => void
  errorOf: (field: keyof ServerDraft) => string | undefined
  /** What an input of this field needs. */
  text: (field: TextFieldName) => {
    value: string
    error: string | undefined
    onChange: (event: { target: { value: string } }) => void
  }
  /** Tells what is wrong, or does it. */
  ifValid: (act: (draft: ServerDraft) => void) => void
}

/** What was sent to the host, and why it was refused. */
type Sent = Pick<UseMutationResult<unknown, Error, ServerDraft>, 'error' | 'variables'>

/** What is typed, checked when it is sent; what the host says about a field stands at the field. */
export function useServerForm(from: ServerDraft, stored: ServerStatus | null, sent: readonly Sent[]): ServerForm {
  const { t } = useI18n()
  // What the form began with: the server's state is read again every few seconds, what is typed must not be lost.
  const [initial] = useState(from)
  const [draft, setDraft] = useState(initial)
  const [errors, setErrors] = useState<DraftErrors>({})

  const change = (part: Partial<ServerDraft>) => {
    setDraft((previous) => ({ ...previous, ...part }))
    setErrors((previous) => {
      const rest = { ...previous }
      for (const key of Object.keys(part)) Reflect.deleteProperty(rest, key)
      return rest
    })
  }
  const ifValid = (act: (valid: ServerDraft) => void) => {
    const found = checkDraft(draft)
    setErrors(found)
    if (Object.keys(found).length === 0) act(draft)
  }
  const errorOf = (field: keyof ServerDraft): string | undefined => {
    const own = errors[field]
    if (own) return t.form.errors[own]
    const [name] = Object.entries(FIELD_NAMES).find(([, ours]) => ours === field) ?? []
    if (name === undefined) return undefined
    // What was changed since then is not what was refused.
    const refused = sent.filter(({ variables }) => variables?.[field] === draft[field])
    return refused.map(({ error }) => fieldProblem(t, error, name)).find((text) => text !== undefined)
  }
  const text = (field: TextFieldName) => ({
    value: draft[field],
    error: errorOf(field),
    onChange: (event: { target: { value: string } }) => change({ [field]: event.target.value }),
  })
  const dirty = JSON.stringify(draft) !== JSON.stringify(initial)
  return { stored, draft, dirty, hasErrors: Object.keys(errors).length > 0, change, errorOf, text, ifValid }
}

/** Tries the settings as they stand, without saving them. */
export const useServerTest = (stored: ServerStatus | null) =>
  useMutation({
    mutationFn: (tested: ServerDraft) =>
      unwrap(
        api.POST('/api/servers/test', {
          body: { settings: settingsOf(tested), ...(stored ? { name: stored.name } : {}) },
        }),
      ).catch((error: unknown) => {
        throw ofTheForm(error)
      }),
  })

export const saveServer = (stored: ServerStatus | null, saved: ServerDraft): Promise<ServerStatus> => {
  const body = settingsOf(saved)
  return unwrap(
    stored
      ? api.PUT('/api/servers/{name}', { params: { path: { name: stored.name } }, body })
      : // Whether it answers is what the test beside the form tells.
        api.POST('/api/servers', { body: { ...body, allow_unreachable: true } }),
  )
}
