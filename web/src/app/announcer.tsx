import { useRouterState } from '@tanstack/react-router'
import { usePageTitle } from '../lib/page-title'

/** Tells screen readers which page they are on: a page that changes without loading says nothing by itself. */
export function Announcer() {
  const href = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.href })
  return (
    <p role="status" data-page={href ?? ''} className="sr-only">
      {usePageTitle()}
    </p>
  )
}
