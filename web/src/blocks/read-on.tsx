import { LIST_LIMIT } from '../api/queries'
import { useI18n } from '../i18n'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'

/** Whatever part of a long list is in view, what comes before it in time is one step away. */
export function ReadOn(props: {
  /** In view, the newest first. */
  items: readonly { id: string | number | null }[]
  /** The item after which the list is read on. */
  before: string | undefined
  onGo: (before: string | undefined) => void
}) {
  const { t, u } = useI18n()
  const { items, before } = props
  const last = items.length >= LIST_LIMIT ? items.at(-1)?.id : null
  if (last == null && before === undefined) return null
  const count = u.integer(items.length)
  return (
    <nav aria-label={t.table.pages} className="mt-3 flex flex-wrap items-center justify-end gap-2">
      <span role="status" className="text-dim">
        {before === undefined ? t.runs.newest(count) : t.runs.older(count)}
      </span>
      <Button disabled={before === undefined} onClick={() => props.onGo(undefined)}>
        <Icon name="left" className="size-3.5" />
        {t.runs.toNewest}
      </Button>
      <Button disabled={last == null} onClick={() => last != null && props.onGo(String(last))}>
        {t.runs.toOlder}
        <Icon name="right" className="size-3.5" />
      </Button>
    </nav>
  )
}
