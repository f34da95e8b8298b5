import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { session } from './api/client'
import { App, SignedIn } from './app/app'
import { I18nProvider, loadMessages, preferredLocale, readStoredLocale } from './i18n'
import { followTheme } from './lib/theme'
import './styles.css'

async function start() {
  const container = document.getElementById('root')
  if (container === null) throw new Error('index.html has no element with the id root')
  followTheme()
  const locale = preferredLocale(readStoredLocale(), navigator.languages)
  // Where it cannot be loaded now, drawing it tries again and tells.
  void session.restore(() => void SignedIn.preload?.())
  const messages = await loadMessages(locale)
  createRoot(container).render(
    <StrictMode>
      <I18nProvider initial={locale} messages={messages}>
        <App />
      </I18nProvider>
    </StrictMode>,
  )
}

void start()
