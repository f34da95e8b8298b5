import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

/** Tells screen readers which page they are on: a page that changes without loading says nothing by itself. */
export function Announcer() {
  const router = useRouter()
  const [page, setPage] = useState({ title: '', href: '' })
  useEffect(
    () =>
      router.subscribe('onRendered', ({ toLocation }) => {
        // The title is set in an effect of the page that has just been drawn.
        requestAnimationFrame(() => setPage({ title: document.title, href: toLocation.href }))
      }),
    [router],
  )
  return (
    <p role="status" data-page={page.href} className="sr-only">
      {page.title}
    </p>
  )
}
