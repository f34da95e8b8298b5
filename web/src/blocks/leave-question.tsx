import { useBlocker } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'
import { session } from '../api/client'
import { useI18n } from '../i18n'
import { unsaved } from '../lib/unsaved'
import { Button } from '../ui/button'
import { DialogActions, QuestionDialog } from '../ui/dialog'

/** What was typed and not saved is not lost by a click. Asked by the router at the moment of leaving. */
export function LeaveQuestion({ isOpen }: { isOpen: () => boolean }) {
  const { t } = useI18n()
  const onSession = useEffectEvent(() => {
    if (session.state().kind === 'signed-out' && isOpen()) unsaved.lose()
  })
  // Whoever signs out in another tab cannot be asked here.
  useEffect(() => session.subscribe(() => onSession()), [])
  const blocker = useBlocker({ shouldBlockFn: isOpen, enableBeforeUnload: isOpen, withResolver: true })
  return (
    <QuestionDialog
      open={blocker.status === 'blocked'}
      onOpenChange={(open) => !open && blocker.reset?.()}
      title={t.form.leaveTitle}
      text={t.form.leaveText}
    >
      <DialogActions>
        <Button onClick={() => blocker.reset?.()}>{t.form.stay}</Button>
        <Button look="danger" onClick={() => blocker.proceed?.()}>
          {t.form.leave}
        </Button>
      </DialogActions>
    </QuestionDialog>
  )
}
