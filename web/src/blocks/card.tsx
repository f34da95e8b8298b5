import type { ReactNode } from 'react'
import { cx } from '../ui/classes'

export function Card(props: { title?: string; children: ReactNode; className?: string; actions?: ReactNode }) {
  return (
    <section aria-label={props.title} className={cx('min-w-0 rounded-lg border border-line bg-panel', props.className)}>
      {props.title && (
        <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2">
          <h2 className="min-w-32 flex-1 font-semibold">{props.title}</h2>
          {props.actions}
        </div>
      )}
      {props.children}
    </section>
  )
}

/** One number of a header: what it is, the value, and what it means or how old it is. */
export function Fact(props: { label: string; value: ReactNode; note?: ReactNode; tone?: 'bad' | 'warn' | undefined }) {
  return (
    <div className="min-w-0 rounded-lg border border-line bg-panel px-3 py-2">
      <dt className="truncate text-xs text-dim">{props.label}</dt>
      <dd
        className={cx(
          'truncate text-lg font-semibold tracking-tight',
          props.tone === 'bad' && 'text-bad',
          props.tone === 'warn' && 'text-warn',
        )}
      >
        {props.value}
      </dd>
      <dd className="truncate text-xs text-dim">{props.note ?? '\u00a0'}</dd>
    </div>
  )
}

/** Name and value pairs below each other. */
export function Facts(props: { items: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] items-baseline gap-x-4 gap-y-1.5 p-3 sm:grid-cols-[max-content_minmax(0,1fr)]">
      {props.items.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-dim">{label}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
