import { useI18n } from '../i18n'
import { useFromNow } from '../lib/now'

/** `3 min ago`, with the exact time on hover. */
export function Age(props: { at: string | number | null | undefined; className?: string }) {
  const { u } = useI18n()
  const { at = null, className } = props
  const age = useFromNow((now) => u.age(at, now))
  if (at === null) return <span className={className}>{age}</span>
  return (
    <time dateTime={new Date(at).toISOString()} title={u.dateTime(at)} className={className}>
      {age}
    </time>
  )
}
