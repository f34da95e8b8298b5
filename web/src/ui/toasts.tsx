import { useEffect, useSyncExternalStore } from 'react'
import { cx } from './classes'
import { Icon } from './icon'

export interface Toast {
  id: number
  text: string
  tone: 'ok' | 'bad'
}

/** Long enough to be read; what failed stays until it is closed. */
const SHOWN_MS = 5_000

let toasts: readonly Toast[] = []
let next = 1
const listeners = new Set<() => void>()

function set(changed: readonly Toast[]) {
  toasts = changed
  for (const listener of listeners) listener()
}

/** Says that something was done, or that it was not. */
export function toast(text: string, tone: Toast['tone'] = 'ok') {
  if (toasts.some((one) => one.text === text)) return
  set([...toasts.slice(-3), { id: next++, text, tone }])
}

const close = (id: number) => set(toasts.filter((one) => one.id !== id))

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Stands once in the page; screen readers hear what is added. */
export function Toasts(props: { label: string; closeLabel: string }) {
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <section
      aria-label={props.label}
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 z-[60] grid w-[min(24rem,calc(100vw-1.5rem))] gap-2"
    >
      {shown.map((one) => (
        <ToastCard key={one.id} toast={one} closeLabel={props.closeLabel} />
      ))}
    </section>
  )
}

function ToastCard(props: { toast: Toast; closeLabel: string }) {
  const { id, text, tone } = props.toast
  useEffect(() => {
    if (tone === 'bad') return
    const timer = setTimeout(() => close(id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [id, tone])
  return (
    <div className="pointer-events-auto flex items-start gap-2 rounded-lg border border-line bg-panel px-3 py-2 shadow-popup">
      <Icon
        name={tone === 'ok' ? 'check' : 'warning'}
        className={cx('mt-0.5 size-4 shrink-0', tone === 'ok' ? 'text-ok' : 'text-bad')}
      />
      <p className="min-w-0 flex-1 break-words">{text}</p>
      <button
        type="button"
        aria-label={props.closeLabel}
        onClick={() => close(id)}
        className="grid size-[24px] shrink-0 place-items-center rounded text-dim hover:bg-sunken hover:text-ink"
      >
        <Icon name="cross" className="size-3.5" />
      </button>
    </div>
  )
}
