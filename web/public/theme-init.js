// Runs before the first paint, so that a dark page never flashes white. A file of its own: the CSP allows no inline script.
;(() => {
  let stored = null
  try {
    stored = localStorage.getItem('pgvigil.theme')
  } catch {
    // Storage may be switched off; the system's theme holds then.
  }
  const dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
