import { useSyncExternalStore } from 'react'

export interface SavedView {
  name: string
  /** Path and search. */
  href: string
}

/** What this browser remembers of its reader. Whatever should be shared by a link is in the URL instead. */
export interface Preferences {
  /** The zone of times where the URL names none; null is that of the browser. */
  zone: string | null
  /** Single-key shortcuts; WCAG 2.1.4 wants them switchable. */
  shortcuts: boolean
  /** A page on a wall: its session is renewed even though nobody touches it. */
  keepSignedIn: boolean
  /** Views of metrics, by a name of the reader's. */
  views: readonly SavedView[]
  /** Columns that were chosen, by table. */
  columns: Readonly<Record<string, readonly string[]>>
}

const DEFAULTS: Preferences = { zone: null, shortcuts: true, keepSignedIn: false, views: [], columns: {} }

const STORAGE_KEY = 'pgvigil.preferences'

/** Takes of what is stored whatever has the right shape; anything else is the default. */
export function parsePreferences(stored: string | null): Preferences {
  let found: unknown
  try {
    found = JSON.parse(stored ?? '{}')
  } catch {
    return DEFAULTS
  }
  if (typeof found !== 'object' || found === null) return DEFAULTS
  const { zone, shortcuts, keepSignedIn, views, columns } = { ...DEFAULTS, ...found }
  return {
    zone: typeof zone === 'string' ? zone : null,
    shortcuts: typeof shortcuts === 'boolean' ? shortcuts : DEFAULTS.shortcuts,
    keepSignedIn: typeof keepSignedIn === 'boolean' ? keepSignedIn : DEFAULTS.keepSignedIn,
    views: viewsIn(views),
    columns: columnsIn(columns),
  }
}

function viewsIn(value: unknown): SavedView[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((view: unknown) => {
    if (typeof view !== 'object' || view === null || !('name' in view) || !('href' in view)) return []
    const { name, href } = view
    // Only a way within this page: what is stored must not lead anywhere else.
    const isOurs = typeof href === 'string' && /^\/(?!\/)/.test(href)
    return typeof name === 'string' && isOurs ? [{ name, href }] : []
  })
}

function columnsIn(value: unknown): Record<string, string[]> {
  if (typeof value !== 'object' || value === null) return {}
  const tables = Object.entries(value).flatMap(([table, ids]: [string, unknown]) =>
    Array.isArray(ids) ? [[table, ids.filter((id) => typeof id === 'string')] as const] : [],
  )
  return Object.fromEntries(tables)
}

function read(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(STORAGE_KEY))
  } catch {
    return DEFAULTS // Storage may be switched off.
  }
}

let current = typeof localStorage === 'undefined' ? DEFAULTS : read()
/** False where nothing can be stored: the choices then last as long as the page. */
let isStored = true
const listeners = new Set<() => void>()

/** `change` is told what stands there now: another tab may have chosen something since this one last looked. */
export function setPreferences(change: (before: Preferences) => Partial<Preferences>) {
  const before = isStored ? read() : current
  current = { ...before, ...change(before) }
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current))
  } catch {
    isStored = false
  }
  for (const listener of listeners) listener()
}

if (typeof addEventListener === 'function') {
  addEventListener('storage', ({ key }) => {
    if (key !== STORAGE_KEY) return
    current = read()
    for (const listener of listeners) listener()
  })
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const preferences = (): Preferences => current
export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, preferences)
