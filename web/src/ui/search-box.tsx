import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { useShortcut } from '../lib/shortcuts'
import { cx } from './classes'
import { inputClass } from './field'
import { Icon } from './icon'

/** How long typing may pause before the URL, and with it the table, follows. */
const SETTLE_MS = 120

/** A search whose text lives in the URL. `/` brings the keyboard here. */
export function SearchBox(props: {
  label: string
  value: string
  onChange: (value: string) => void
  className?: string
}) {
  const [typed, setTyped] = useState(props.value)
  const input = useRef<HTMLInputElement>(null)
  const { value } = props
  const [before, setBefore] = useState(value)
  const settle = useEffectEvent((text: string) => props.onChange(text))

  // Back, forward and "reset filters" change the URL under us.
  if (before !== value) {
    setBefore(value)
    setTyped(value)
  }

  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => settle(typed), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [typed, value])

  useShortcut('search', () => input.current?.focus())

  return (
    <div className={cx('relative min-w-0', props.className)}>
      <Icon
        name="search"
        className="pointer-events-none absolute top-1/2 left-2.5 size-3.5 -translate-y-1/2 text-dim"
      />
      <input
        ref={input}
        type="search"
        aria-label={props.label}
        aria-keyshortcuts="/"
        placeholder={props.label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className={cx(inputClass, 'pl-8')}
      />
    </div>
  )
}
