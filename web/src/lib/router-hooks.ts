import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { nameOfPart } from './paths'

/** A part of the path. The router matched it, so it is there. */
export function useParam(name: string): string {
  const params: Record<string, unknown> = useParams({ strict: false })
  const value = params[name]
  if (typeof value !== 'string') throw new Error(`the route has no parameter ${name}`)
  return nameOfPart(value)
}

/**
 * The search part of the URL and how to change it. `Search` is what the route's `validateSearch` returns.
 * Changes of a filter replace the entry of the history; a step that one may want to take back pushes a new one.
 */
export function useUrlState<Search extends object>(): [Search, (change: Partial<Search>, history?: 'push') => void] {
  // The route of the page validated it to this shape.
  const search = useSearch({ strict: false }) as Search
  const navigate = useNavigate()
  const change = useCallback(
    (part: Partial<Search>, history?: 'push') =>
      void navigate({
        to: '.',
        // An unset key stays named: what is retained from page to page would come back otherwise.
        search: (previous: Record<string, unknown>) => ({ ...previous, ...part }),
        replace: history !== 'push',
        resetScroll: false,
      }),
    [navigate],
  )
  return [search, change]
}
