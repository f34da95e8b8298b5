import type { ButtonHTMLAttributes } from 'react'
import { cx } from './classes'

type Look = 'primary' | 'plain' | 'danger' | 'quiet'

const LOOKS: Record<Look, string> = {
  primary: 'bg-accent text-on-accent border-transparent hover:bg-accent-strong',
  plain: 'bg-panel text-ink border-line-strong hover:bg-sunken',
  danger: 'bg-panel text-bad border-bad hover:bg-bad-soft',
  quiet: 'bg-transparent text-ink border-transparent hover:bg-sunken',
}

export const buttonClass = (look: Look = 'plain'): string =>
  cx(
    'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md border px-3 py-1 font-medium whitespace-nowrap',
    'disabled:opacity-60',
    LOOKS[look],
  )

export function Button({
  look = 'plain',
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look }) {
  return <button type="button" {...rest} className={cx(buttonClass(look), className)} />
}
