import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useCallback, useEffect, useMemo } from 'react'
import { useI18n } from '../i18n'
import { toast } from '../ui/toasts'
import { nameOfPart } from './paths'
import { type Readers, readSearch, type SearchOf } from './url-state'

/** A part of the path. The router matched it, so it is there. */
export function useParam(name: string): string {
  const params: Record<string, unknown> = useParams({ strict: false })
  const value = params[name]
  if (typeof value !== 'string') throw new Error(`the route has no parameter ${name}`)
  return nameOfPart(value)
}

type Change<Search> = (change: Partial<Search>, history?: 'push') => void

/**
 * What `readers` understand of the search part of the URL, and how to change it; what they do not leaves it, and is told.
 * Changes of a filter replace the entry of the history; a step that one may want to take back pushes a new one.
 */
export function useUrlState<Of extends Readers>(readers: Of): [SearchOf<Of>, Change<SearchOf<Of>>] {
  const raw: Record<string, unknown> = useSearch({ strict: false })
  const read = useMemo(() => readSearch(readers, raw), [readers, raw])
  useDropped(read.unknown)
  return [read.search, useChange()]
}

/** Takes out of the URL what means nothing there, and says so. */
export function useDropped(unknown: Readonly<Record<string, string>>) {
  const { t } = useI18n()
  const change = useChange<Record<string, undefined>>()
  useEffect(() => {
    const parts = Object.entries(unknown)
    if (parts.length === 0) return
    change(Object.fromEntries(parts.map(([key]) => [key, undefined])))
    toast(t.states.unknownInUrl(parts.map((part) => part.join('=')).join(', ')), 'bad')
  }, [unknown, change, t])
}

function useChange<Search extends object>(): Change<Search> {
  const navigate = useNavigate()
  return useCallback(
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
}
