import { cx } from '../ui/classes'

/** From these shares on, usage of a disk is a warning and then a danger. */
export const WARN_FROM = 0.7
export const BAD_FROM = 0.85

export type UsageTone = 'ok' | 'warn' | 'bad'

export function usageTone(used: number): UsageTone {
  return used >= BAD_FROM ? 'bad' : used >= WARN_FROM ? 'warn' : 'ok'
}

const FILLS: Record<UsageTone, string> = { ok: 'bg-bar-ok', warn: 'bg-bar-warn', bad: 'bg-bar-bad' }

/** `used` from 0 to 1; the text beside it says the same to those who do not see it. */
export function UsageBar(props: { used: number; className?: string }) {
  return (
    <div
      aria-hidden="true"
      className={cx('h-1.5 overflow-hidden rounded-full bg-sunken ring-1 ring-line', props.className)}
    >
      <div
        className={cx('h-full rounded-full', FILLS[usageTone(props.used)])}
        style={{ width: `${Math.min(100, Math.max(0, props.used * 100))}%` }}
      />
    </div>
  )
}
