import { useBlocker } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { session } from '../api/client'
import { useI18n } from '../i18n'
import { unsaved } from '../lib/unsaved'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'

/** What was typed and not saved is not lost by a click. Asked by the router at the moment of leaving, and by who signs out. */
export function LeaveQuestion({ isOpen }: { isOpen: () => boolean }) {
  const [leave, setLeave] = useState<(() => void) | null>(null)
  const agreed = useRef(false)
  const onSession = useEffectEvent(() => {
    if (session.state().kind === 'signed-out' && isOpen() && !agreed.current) unsaved.lose()
  })
  // Whoever signs out in another tab cannot be asked here.
  useEffect(() => session.subscribe(() => onSession()), [])
  const onLeave = useEffectEvent((act: () => void) => {
    if (isOpen()) setLeave(() => act)
    else act()
  })
  useEffect(() => unsaved.guard((act) => onLeave(act)), [])
  const blocker = useBlocker({ shouldBlockFn: isOpen, enableBeforeUnload: isOpen, withResolver: true })
  return (
    <LeaveDialog
      open={leave !== null || blocker.status === 'blocked'}
      onStay={() => {
        setLeave(null)
        blocker.reset?.()
      }}
      onLeave={() => {
        agreed.current = true
        leave?.()
        blocker.proceed?.()
      }}
    />
  )
}

export function LeaveDialog(props: { open: boolean; onStay: () => void; onLeave: () => void }) {
  const { t } = useI18n()
  return (
    <QuestionDialog
      open={props.open}
      onOpenChange={(open) => !open && props.onStay()}
      title={t.form.leaveTitle}
      text={t.form.leaveText}
    >
      <DialogActions>
        <Button onClick={props.onStay}>{t.form.stay}</Button>
        <Button look="danger" onClick={props.onLeave}>
          {t.form.leave}
        </Button>
      </DialogActions>
    </QuestionDialog>
  )
}
