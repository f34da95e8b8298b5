import { type ComponentProps, useState } from 'react'
import { useI18n } from '../i18n'
import { ModalDialog } from '../ui/dialog'
import { LeaveDialog } from './leave-question'

/** A form beside the page. What was typed in it is not lost by a key, nor by a press that went beside it. */
export function FormDialog(
  props: Pick<ComponentProps<typeof ModalDialog>, 'title' | 'text' | 'size' | 'children'> & { onClose: () => void },
) {
  const { t } = useI18n()
  const [typed, setTyped] = useState(false)
  const [asking, setAsking] = useState(false)
  const { children, onClose, ...rest } = props
  return (
    <ModalDialog
      {...rest}
      open
      onOpenChange={(open) => !open && (typed ? setAsking(true) : onClose())}
      closeLabel={t.common.close}
    >
      <div onInput={() => setTyped(true)}>{children}</div>
      <LeaveDialog open={asking} onStay={() => setAsking(false)} onLeave={onClose} />
    </ModalDialog>
  )
}
