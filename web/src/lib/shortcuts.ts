import { useEffect, useEffectEvent } from 'react'
import { preferences } from './preferences'

/** Every key of the UI. Two keys with a space between are pressed one after the other. */
export const SHORTCUTS = {
  search: '/',
  help: '?',
  nextRow: 'j',
  previousRow: 'k',
  earlier: '[',
  later: ']',
  widen: 'z',
  pause: ' ',
  live: 'l',
  compare: 'c',
  theme: 't',
  goFleet: 'g f',
  goServers: 'g s',
  goExplore: 'g e',
  goEvents: 'g v',
  goPlugins: 'g p',
  goRuns: 'g r',
  goAudit: 'g a',
} as const

export type ShortcutId = keyof typeof SHORTCUTS

/** A first key waits this long for its second. */
const SEQUENCE_MS = 1_200

const handlers = new Map<ShortcutId, (() => void)[]>()
let pending: { key: string; at: number } | null = null

/** The part of a keyboard event that says which key it was. */
export interface Pressed {
  key: string
  code: string
}

/**
 * The key as a Latin keyboard names it. On a Russian one the same key gives another letter, and `/` is a full stop; the
 * place of the key is what people have in their fingers.
 */
export function latinKey({ key, code }: Pressed): string {
  if (code === 'Slash') return key === '?' || key === ',' ? '?' : '/'
  // Shift of another layout may give any sign; only letters outside of ASCII are taken by their place.
  if (key.length !== 1 || key.charCodeAt(0) < 128) return key
  if (code.startsWith('Key')) return code.slice(3).toLowerCase()
  if (code === 'BracketLeft') return '['
  return code === 'BracketRight' ? ']' : key
}

/** Which shortcut this key completes, given the key before it. */
export function shortcutFor(key: string, before: string | undefined): ShortcutId | undefined {
  const wanted = before === undefined ? key : `${before} ${key}`
  return idOf(wanted) ?? (before === undefined ? undefined : idOf(key))
}

function idOf(keys: string): ShortcutId | undefined {
  const entry = Object.entries(SHORTCUTS).find(([, value]) => value === keys)
  // `Object.entries` forgets which keys there are.
  return entry?.[0] as ShortcutId | undefined
}

const beginsSequence = (key: string): boolean => Object.values(SHORTCUTS).some((keys) => keys.startsWith(`${key} `))

/** Keys belong to the field, the button or the dialog that has the focus, not to the page. */
function isTaken(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=alertdialog], [role=menu]')) {
    return true
  }
  return key === ' ' && target.closest('button, a, summary, [role=group], [role=region]') !== null
}

function onKeyDown(event: KeyboardEvent) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (!preferences().shortcuts) return
  const key = latinKey(event)
  if (isTaken(event.target, key)) return
  const before = pending !== null && event.timeStamp - pending.at < SEQUENCE_MS ? pending.key : undefined
  pending = null
  const id = shortcutFor(key, before)
  const handler = id === undefined ? undefined : handlers.get(id)?.at(-1)
  if (handler !== undefined) {
    event.preventDefault()
    handler()
  } else if (beginsSequence(key)) {
    pending = { key, at: event.timeStamp }
  }
}

if (typeof document !== 'undefined') document.addEventListener('keydown', onKeyDown)

/** The newest component that wants a key gets it. */
export function useShortcut(id: ShortcutId, run: () => void, enabled = true) {
  const handler = useEffectEvent(run)
  useEffect(() => {
    if (!enabled) return
    const mine = () => handler()
    handlers.set(id, [...(handlers.get(id) ?? []), mine])
    return () => {
      handlers.set(
        id,
        (handlers.get(id) ?? []).filter((one) => one !== mine),
      )
    }
  }, [id, enabled])
}
