import { type FormEvent, type ReactNode, useState } from 'react'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { FormProblem } from './form-problem'

/** Something that cannot be undone: its name must be typed. */
export function ConfirmDanger(props: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  text: ReactNode
  /** What must be typed. */
  name: string
  act: string
  pending: boolean
  error: unknown
  onConfirm: () => void
}) {
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed === props.name && !props.pending) props.onConfirm()
  }
  const change = (open: boolean) => {
    setTyped('')
    props.onOpenChange(open)
  }
  return (
    <QuestionDialog open={props.open} onOpenChange={change} title={props.title} text={props.text}>
      <form className="mt-4 grid gap-4" onSubmit={submit}>
        <TextField
          label={t.common.typeToConfirm(props.name)}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <FormProblem error={props.error} />
        <DialogActions>
          <Button onClick={() => change(false)}>{t.common.cancel}</Button>
          <Button type="submit" look="danger" disabled={typed !== props.name || props.pending}>
            {props.act}
          </Button>
        </DialogActions>
      </form>
    </QuestionDialog>
  )
}
