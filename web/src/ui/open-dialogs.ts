import { useEffect } from 'react'

/** How many dialogs are open; others, who must not disturb them, can listen. */
let open = 0
const listeners = new Set<(open: number) => void>()

function change(by: 1 | -1) {
  open += by
  for (const listener of listeners) listener(open)
}

export function onOpenDialogs(listener: (open: number) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Counts this dialog while it is open. */
export function useCountsAsOpen(isOpen: boolean) {
  useEffect(() => {
    if (!isOpen) return
    change(1)
    return () => change(-1)
  }, [isOpen])
}
