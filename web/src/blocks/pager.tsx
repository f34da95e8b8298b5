import { useI18n } from '../i18n'
import { matching } from '../lib/url-state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'

/** Where in a long list one is; pages count from 1. */
export function Pager(props: { page: number; size: number; total: number; onPage: (page: number) => void }) {
  const { t, u } = useI18n()
  const { page, size, total } = props
  if (total <= size && page === 1) return null
  const first = (page - 1) * size + 1
  const last = Math.min(total, page * size)
  return (
    <nav aria-label={t.table.pages} className="mt-3 flex flex-wrap items-center justify-end gap-2">
      <span role="status" className="text-dim tabular-nums">
        {t.table.rowsOf(u.integer(first), u.integer(last), u.integer(total))}
      </span>
      <Button disabled={page <= 1} onClick={() => props.onPage(page - 1)}>
        <Icon name="left" className="size-3.5" />
        {t.table.previous}
      </Button>
      <Button disabled={last >= total} onClick={() => props.onPage(page + 1)}>
        {t.table.next}
        <Icon name="right" className="size-3.5" />
      </Button>
    </nav>
  )
}

export const readPage = matching(/^[1-9]\d{0,4}$/)

/** The page that the URL names, as it was read. */
export const pageFrom = (text: string | undefined): number => Number(text ?? 1)

/** As it stands in the URL: the first page leaves it. */
export const pageText = (page: number): string | undefined => (page === 1 ? undefined : String(page))
