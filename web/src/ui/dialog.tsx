import { AlertDialog } from '@base-ui/react/alert-dialog'
import type { ReactNode } from 'react'

/** A question that must be answered before anything else. */
export function QuestionDialog(props: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  text: string
  children: ReactNode
}) {
  return (
    <AlertDialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 z-40 bg-black/45" />
        <AlertDialog.Popup className="fixed top-1/2 left-1/2 z-50 w-[min(28rem,calc(100vw-2rem))] -translate-1/2 rounded-lg border border-line bg-panel p-5 text-ink shadow-popup">
          <AlertDialog.Title className="text-lg font-semibold break-words">{props.title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-dim">{props.text}</AlertDialog.Description>
          {props.children}
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
