import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { api, unwrap } from '../../api/client'
import { ANALYSIS_KEY, criteriaQuery } from '../../api/history-queries'
import type { AnalysisCriteria } from '../../api/types'
import { FormDialog } from '../../blocks/form-dialog'
import { FormProblem, fieldProblem } from '../../blocks/form-problem'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { DialogActions } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { FormSkeleton } from '../../ui/skeleton'
import { toast } from '../../ui/toasts'
import { isValidSetting } from '../settings/settings-model'
import { CRITERIA, type CriteriaDraft, changedCriteria, UNCHANGED } from './analysis-model'

/** By what databases are judged; the host keeps it, for all servers. */
export function CriteriaDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const query = useQuery(criteriaQuery())
  const [isLate] = useState(query.data === undefined)
  return (
    <FormDialog onClose={onClose} title={t.analysis.criteria} text={t.analysis.criteriaText} size="wide">
      <div className="mt-4">
        <QueryView query={query} skeleton={<FormSkeleton />}>
          {(criteria) => <CriteriaForm criteria={criteria} isLate={isLate} onClose={onClose} />}
        </QueryView>
      </div>
    </FormDialog>
  )
}

function CriteriaForm(props: { criteria: AnalysisCriteria; isLate: boolean; onClose: () => void }) {
  const { criteria, isLate, onClose } = props
  const { t, u } = useI18n()
  const client = useQueryClient()
  const [draft, setDraft] = useState<CriteriaDraft>({})
  const changed = changedCriteria(criteria, draft)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    // The dialog, open before there was a form, could not give it the focus.
    if (isLate) form.current?.querySelector('input')?.focus()
  }, [isLate])
  const save = useMutation({
    mutationFn: () => unwrap(api.PUT('/api/analysis/criteria', { body: { ...UNCHANGED, ...changed } })),
    onSuccess: async () => {
      toast(t.analysis.criteriaSaved)
      onClose()
      await client.invalidateQueries({ queryKey: ANALYSIS_KEY })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (Object.keys(changed).length > 0) save.mutate()
  }
  return (
    <form ref={form} onSubmit={submit} noValidate className="grid gap-4 sm:grid-cols-2">
      {CRITERIA.map((key) => {
        const criterion = criteria[key]
        if (criterion === undefined) return null
        const text = draft[key] ?? String(criterion.value)
        const between = t.settings.outOfRange(u.integer(criterion.min), u.integer(criterion.max))
        return (
          <TextField
            key={key}
            label={t.analysis.criterionNames[key]}
            hint={`${t.analysis.criterionHelp[key]} ${t.analysis.usual(u.integer(criterion.default))}`}
            error={isValidSetting(criterion, text) ? fieldProblem(t, save.error, key) : between}
            inputMode="numeric"
            value={text}
            onChange={(event) => setDraft({ ...draft, [key]: event.target.value.trim() })}
          />
        )
      })}
      <div className="sm:col-span-2">
        <FormProblem error={save.error} />
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={Object.keys(changed).length === 0 || save.isPending}>
            {save.isPending ? t.common.saving : t.common.save}
          </Button>
        </DialogActions>
      </div>
    </form>
  )
}
