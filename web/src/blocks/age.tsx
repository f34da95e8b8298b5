import { useI18n } from '../i18n'
import { useNow } from '../lib/now'

/** `3 min ago`, with the exact time on hover. */
export function Age(props: { at: string | number | null | undefined; className?: string }) {
  const { u } = useI18n()
  const now = useNow()
  if (props.at === null || props.at === undefined) return <span className={props.className}>{u.age(null, now)}</span>
  return (
    <time dateTime={new Date(props.at).toISOString()} title={u.dateTime(props.at)} className={props.className}>
      {u.age(props.at, now)}
    </time>
  )
}
