import { Popover as BasePopover } from '@base-ui/react/popover'
import type { ReactNode } from 'react'

/** A panel that opens below its button; Escape and a click elsewhere close it. */
export function Popover(props: {
  /** Of the panel; the button is called by what it shows. */
  label: string
  trigger: ReactNode
  triggerClass: string
  open?: boolean
  onOpenChange?: (open: boolean) => void
  align?: 'start' | 'end'
  children: ReactNode
}) {
  return (
    <BasePopover.Root
      {...(props.open === undefined ? {} : { open: props.open })}
      {...(props.onOpenChange === undefined ? {} : { onOpenChange: props.onOpenChange })}
    >
      <BasePopover.Trigger className={props.triggerClass}>{props.trigger}</BasePopover.Trigger>
      <BasePopover.Portal>
        <BasePopover.Positioner sideOffset={6} align={props.align ?? 'end'} collisionPadding={8} className="z-50">
          <BasePopover.Popup
            aria-label={props.label}
            className="max-h-(--available-height) max-w-(--available-width) overflow-y-auto rounded-xl border border-line bg-panel text-ink shadow-popup outline-none"
          >
            {props.children}
          </BasePopover.Popup>
        </BasePopover.Positioner>
      </BasePopover.Portal>
    </BasePopover.Root>
  )
}
