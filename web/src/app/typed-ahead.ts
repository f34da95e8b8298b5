/** What is typed before the field it is meant for is there: it does nothing else, and is not lost. */
let typed = ''

function take(event: KeyboardEvent) {
  // Escape still leaves, and what goes with Ctrl is no text.
  if (event.ctrlKey || event.metaKey || event.key === 'Escape') return
  event.preventDefault()
  event.stopPropagation()
  if (event.key === 'Backspace') typed = typed.slice(0, -1)
  else if (event.key.length === 1) typed += event.key
}

/** Window hears of a key before everybody else. */
export const holdKeys = () => window.addEventListener('keydown', take, true)

/** Gives the keys back, and what was typed. */
export function releaseKeys(): string {
  window.removeEventListener('keydown', take, true)
  const text = typed
  typed = ''
  return text
}
