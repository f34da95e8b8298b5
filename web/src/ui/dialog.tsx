import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog } from '@base-ui/react/dialog'
import { type ReactNode, type RefObject, useRef } from 'react'
import { cx } from './classes'
import { Icon } from './icon'
import { useCountsAsOpen } from './open-dialogs'

const backdropClass = 'fixed inset-0 z-40 bg-black/40 dark:bg-black/60'
const popupClass =
  'fixed left-1/2 z-50 max-h-[calc(100dvh-2rem)] -translate-x-1/2 overflow-y-auto rounded-xl border border-line bg-panel text-ink shadow-popup outline-none'

/** A question that must be answered before anything else. */
export function QuestionDialog(props: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  text: ReactNode
  /** What a press of Enter does at once; else the first that can have the focus has it. */
  initialFocus?: RefObject<HTMLElement | null>
  children: ReactNode
}) {
  useCountsAsOpen(props.open)
  return (
    <AlertDialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdropClass} />
        <AlertDialog.Popup
          initialFocus={props.initialFocus}
          className={cx(popupClass, 'top-1/2 w-[min(30rem,calc(100vw-2rem))] -translate-y-1/2 p-5')}
        >
          <AlertDialog.Title className="text-lg font-semibold break-words">{props.title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-1.5 break-words text-dim">{props.text}</AlertDialog.Description>
          {props.children}
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

/** Something to do or to read beside the page. A form takes what one types; what is only read is closed by a press. */
export function ModalDialog(props: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  text?: ReactNode
  closeLabel: string
  size?: 'normal' | 'wide'
  children: ReactNode
}) {
  useCountsAsOpen(props.open)
  const popup = useRef<HTMLDivElement>(null)
  const width = props.size === 'wide' ? 'w-[min(52rem,calc(100vw-2rem))]' : 'w-[min(34rem,calc(100vw-2rem))]'
  return (
    <Dialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={backdropClass} />
        <Dialog.Popup
          ref={popup}
          initialFocus={() => firstField(popup.current)}
          className={cx(popupClass, 'top-4 p-5 sm:top-[10vh] sm:max-h-[80dvh]', width)}
        >
          <div className="flex items-start gap-3">
            <Dialog.Title className="min-w-0 flex-1 text-lg font-semibold break-words">{props.title}</Dialog.Title>
            <Dialog.Close
              aria-label={props.closeLabel}
              className="-mt-1 -mr-2 grid size-8 shrink-0 place-items-center rounded-md text-dim hover:bg-sunken hover:text-ink"
            >
              <Icon name="cross" />
            </Dialog.Close>
          </div>
          {props.text && <Dialog.Description className="mt-1 break-words text-dim">{props.text}</Dialog.Description>}
          {props.children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Where there is none, the first that can have the focus has it. */
const firstField = (within: HTMLElement | null): HTMLElement | null =>
  within?.querySelector<HTMLElement>('form :is(input, select, textarea):enabled') ?? null

/** Buttons below a dialog's content: the way out first, what it is for last. */
export const DialogActions = (props: { children: ReactNode }) => (
  <div className="mt-5 flex flex-wrap justify-end gap-2">{props.children}</div>
)
