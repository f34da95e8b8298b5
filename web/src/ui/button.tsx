import type { ButtonHTMLAttributes, ComponentProps } from 'react'
import { cx } from './classes'
import { Icon, type IconName } from './icon'

type Look = 'primary' | 'plain' | 'danger' | 'quiet'

const LOOKS: Record<Look, string> = {
  primary: 'bg-accent text-on-accent border-transparent hover:bg-accent-strong',
  plain: 'bg-panel text-ink border-line-strong/60 hover:bg-sunken',
  danger: 'bg-panel text-bad border-bad/60 hover:bg-bad-soft',
  quiet: 'bg-transparent text-ink border-transparent hover:bg-sunken',
}

export const buttonClass = (look: Look = 'plain'): string =>
  cx(
    'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md border px-2.5 py-1 font-medium whitespace-nowrap',
    'disabled:opacity-55 aria-disabled:opacity-55',
    LOOKS[look],
  )

export function Button({ look = 'plain', className, ...rest }: ComponentProps<'button'> & { look?: Look }) {
  return <button type="button" {...rest} className={cx(buttonClass(look), className)} />
}

export const iconButtonClass =
  'inline-grid size-8 shrink-0 place-items-center rounded-md text-dim hover:bg-sunken hover:text-ink disabled:opacity-55 aria-pressed:bg-accent-soft aria-pressed:text-accent-strong'

/** A button that is only a drawing; its label is said and shown on hover. */
export function IconButton({
  icon,
  label,
  className,
  ...rest
}: Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label' | 'title'> & { icon: IconName; label: string }) {
  return (
    <button type="button" {...rest} aria-label={label} title={label} className={cx(iconButtonClass, className)}>
      <Icon name={icon} />
    </button>
  )
}
