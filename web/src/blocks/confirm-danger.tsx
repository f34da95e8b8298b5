import type { UseMutationResult } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { FormProblem } from './form-problem'

interface Danger {
  title: string
  text: ReactNode
  /** What must be typed. */
  name: string
  act: string
  mutation: Pick<UseMutationResult<unknown, Error, void>, 'isPending' | 'isSuccess' | 'error' | 'mutate' | 'reset'>
}

/** A button for something that cannot be undone; it asks first, and closes when it is done. */
export function DangerButton({ label, look, ...danger }: Danger & { label: string; look: 'plain' | 'danger' }) {
  const [open, setOpen] = useState(false)
  const change = (next: boolean) => {
    setOpen(next)
    danger.mutation.reset()
  }
  return (
    <>
      <Button look={look} onClick={() => change(true)}>
        {label}
      </Button>
      <ConfirmDanger open={open && !danger.mutation.isSuccess} onOpenChange={change} {...danger} />
    </>
  )
}

/** Something that cannot be undone: its name must be typed. */
export function ConfirmDanger(props: Danger & { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { mutation } = props
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed === props.name && !mutation.isPending) mutation.mutate()
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
        <FormProblem error={mutation.error} />
        <DialogActions>
          <Button onClick={() => change(false)}>{t.common.cancel}</Button>
          <Button type="submit" look="danger" disabled={typed !== props.name || mutation.isPending}>
            {props.act}
          </Button>
        </DialogActions>
      </form>
    </QuestionDialog>
  )
}
