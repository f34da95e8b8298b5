import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const STORAGE_KEY = 'pgvigil.theme' // Also read by public/theme-init.js before the first paint.

const systemDark = () => matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()
let chosen = readStored()

function readStored(): Theme {
  try {
    const stored = localStorage.getItem(STORAGE_KEY)
    return THEMES.find((theme) => theme === stored) ?? 'system'
  } catch {
    return 'system' // Storage may be switched off.
  }
}

const isDark = () => chosen === 'dark' || (chosen === 'system' && systemDark().matches)

function apply() {
  document.documentElement.classList.toggle('dark', isDark())
  for (const listener of listeners) listener()
}

export function setTheme(theme: Theme) {
  chosen = theme
  try {
    localStorage.setItem(STORAGE_KEY, theme)
  } catch {
    // The choice then lasts as long as the page.
  }
  apply()
}

/** To the other of light and dark, from whatever is seen now. */
export const toggleTheme = () => setTheme(isDark() ? 'light' : 'dark')

/** What is chosen in one tab holds in all. */
function follow(event: StorageEvent) {
  if (event.key !== STORAGE_KEY) return
  chosen = readStored()
  apply()
}

/** From here on every page follows other tabs and the system, also one where nothing is drawn by the theme. */
export function followTheme() {
  systemDark().addEventListener('change', apply)
  addEventListener('storage', follow)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => chosen)
export const useIsDark = (): boolean => useSyncExternalStore(subscribe, isDark)
