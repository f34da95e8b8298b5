import { useEffect, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()

/** Names the page: in the browser's tab, and to whoever follows what it is called. */
export function useAsPageTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · pgvigil`
    for (const listener of listeners) listener()
  }, [title])
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** As the page is called now: one whose code is late, fails, or comes back is called otherwise by and by. */
export const usePageTitle = (): string => useSyncExternalStore(subscribe, () => document.title)
