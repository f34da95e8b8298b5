import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { ApiProblem } from '../api/problem'
import { healthQuery, mainScript, newestPageQuery } from '../api/queries'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { cx } from '../ui/classes'
import { Icon, type IconName } from '../ui/icon'

/** What concerns every page stands above it. */
export function Banners() {
  return (
    <>
      <OfflineBanner />
      <StoreBanner />
      <NewVersionBanner />
    </>
  )
}

export function Banner(props: {
  tone: 'warn' | 'bad' | 'info'
  icon: IconName
  children: ReactNode
  action?: ReactNode
}) {
  const { tone } = props
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={cx(
        'flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5 sm:px-5',
        tone === 'warn' && 'bg-warn-soft text-warn',
        tone === 'bad' && 'bg-bad-soft text-bad',
        tone === 'info' && 'bg-accent-soft text-accent-strong',
      )}
    >
      <Icon name={props.icon} />
      <span className="min-w-0 flex-1 break-words">{props.children}</span>
      {props.action}
    </div>
  )
}

/** Whether the last answer was none at all. */
function useIsOffline(): boolean {
  const cache = useQueryClient().getQueryCache()
  const [offline, setOffline] = useState(!navigator.onLine)
  useEffect(
    () =>
      cache.subscribe((event) => {
        if (event.type !== 'updated') return
        if (event.action.type === 'success') setOffline(false)
        if (event.action.type === 'failed' || event.action.type === 'error') {
          const { error } = event.action
          setOffline(error instanceof ApiProblem && error.status === 0)
        }
      }),
    [cache],
  )
  useEffect(() => {
    const lost = () => setOffline(true)
    addEventListener('offline', lost)
    return () => removeEventListener('offline', lost)
  }, [])
  return offline
}

function OfflineBanner() {
  const { t } = useI18n()
  const client = useQueryClient()
  if (!useIsOffline()) return null
  return (
    <Banner
      tone="bad"
      icon="warning"
      action={
        <Button onClick={() => void client.refetchQueries({ type: 'active' })} className="min-h-7! py-0!">
          {t.common.retry}
        </Button>
      }
    >
      <strong className="font-semibold">{t.states.unreachableTitle}.</strong> {t.states.offlineText}
    </Banner>
  )
}

/** What is collected now may be lost, and nothing can be changed: that concerns whoever looks at any page. */
function StoreBanner() {
  const { t } = useI18n()
  const { store } = useQuery(healthQuery()).data ?? { store: 'ok' }
  if (store === 'ok') return null
  return (
    <Banner tone="bad" icon="database">
      <strong className="font-semibold">{t.states.stores[store].title}.</strong> {t.states.stores[store].text}
    </Banner>
  )
}

/** Scripts of the page that is open, as index.html names them. */
const loaded = (): string => mainScript(document.documentElement.innerHTML)

function NewVersionBanner() {
  const { t } = useI18n()
  const [mine] = useState(loaded)
  const client = useQueryClient()
  const newest = useQuery(newestPageQuery())
  useEffect(() => {
    // A page that was opened before an update asks for parts that do not exist any more; or the host is away.
    const onMissing = () => void client.invalidateQueries(newestPageQuery())
    addEventListener('vite:preloadError', onMissing)
    return () => removeEventListener('vite:preloadError', onMissing)
  }, [client])
  const changed = mine !== '' && newest.data !== undefined && newest.data !== '' && newest.data !== mine
  if (!changed) return null
  return (
    <Banner
      tone="info"
      icon="refresh"
      action={
        <Button onClick={() => location.reload()} className="min-h-7! py-0!">
          {t.states.reload}
        </Button>
      }
    >
      {t.states.newVersion}
    </Banner>
  )
}
