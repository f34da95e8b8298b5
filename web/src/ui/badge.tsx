import type { ReactNode } from 'react'
import { cx } from './classes'
import { Icon, type IconName } from './icon'

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'info'

const TONES: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  idle: 'bg-sunken text-dim',
  info: 'bg-accent-soft text-accent-strong',
}

/** Colour is never the only sign: each tone has its own drawing. */
const ICONS: Record<Tone, IconName> = { ok: 'check', warn: 'warning', bad: 'cross', idle: 'clock', info: 'edit' }

export function Badge(props: { tone: Tone; children: ReactNode; icon?: IconName }) {
  return (
    <span
      className={cx(
        'inline-flex h-5 max-w-full items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap',
        TONES[props.tone],
      )}
    >
      <Icon name={props.icon ?? ICONS[props.tone]} className="size-3 shrink-0" />
      <span className="truncate">{props.children}</span>
    </span>
  )
}
