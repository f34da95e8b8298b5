import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { PAGE_SIZE } from '../api/admin-queries'
import { useDropped } from '../lib/router-hooks'
import { TableSkeleton } from '../ui/skeleton'
import { Pager } from './pager'
import { EmptyState, NoMatchState, QueryView } from './state-view'

/** Pixels below the table of a trail: its pager. */
export const TRAIL_RESERVE = 60

/** What was written down over time, newest first and page by page. */
export function Trail<Item>(props: {
  query: UseQueryResult<{ items: Item[]; total: number }>
  page: number
  onPage: (page: number) => void
  /** Whether less is asked for than all of the time that is looked at. */
  filtered: boolean
  onReset: () => void
  empty: { title: string; text: string }
  children: (items: Item[]) => ReactNode
}) {
  const { page, empty } = props
  return (
    <QueryView query={props.query} skeleton={<TableSkeleton rows={12} />}>
      {({ items, total }) => {
        if (items.length > 0) {
          return (
            // While another page is loaded, this one stays for the place and the focus, and is seen to be old.
            <div aria-busy={props.query.isPlaceholderData} className="aria-busy:opacity-60">
              {props.children(items)}
              <Pager page={page} size={PAGE_SIZE} total={total} onPage={props.onPage} />
            </div>
          )
        }
        if (page > 1 && total > 0) return <PastTheEnd page={page} />
        if (props.filtered || page > 1) return <NoMatchState {...empty} onReset={props.onReset} />
        return <EmptyState {...empty} />
      }}
    </QueryView>
  )
}

/** There is no such page, or no longer: the first is shown. */
function PastTheEnd({ page }: { page: number }) {
  useDropped(useMemo(() => ({ page: String(page) }), [page]))
  return <TableSkeleton rows={12} />
}
