import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, unwrap } from '../api/client'
import { databasesQuery, MINUTE, serversQuery } from '../api/queries'
import { searchedWords } from './palette-model'

export interface FoundDatabase {
  server: string
  name: string
}

/** Whoever goes on typing is not asked for what stood in between. */
const TYPING_MS = 150

async function find(words: readonly string[], signal: AbortSignal): Promise<FoundDatabase[]> {
  await new Promise((go) => setTimeout(go, TYPING_MS))
  signal.throwIfAborted()
  const answers = words.map((search) => unwrap(api.GET('/api/databases', { params: { query: { search } }, signal })))
  return (await Promise.all(answers)).flat()
}

/** Databases of the server that is open, and those of all servers that the text may mean. */
export function useDatabases(text: string): readonly FoundDatabase[] {
  const params: Record<string, unknown> = useParams({ strict: false })
  const { data: servers } = useQuery(serversQuery())
  const here = typeof params.name === 'string' && servers?.some((one) => one.name === params.name) ? params.name : ''
  const { data: own } = useQuery({ ...databasesQuery(here), enabled: here !== '' })
  const words = searchedWords(text)
  const { data: found } = useQuery({
    queryKey: ['databases', words],
    queryFn: ({ signal }) => find(words, signal),
    enabled: words.length > 0,
    staleTime: MINUTE,
    // Those found before stay until the next are, so that the list does not jump while one types.
    placeholderData: keepPreviousData,
  })
  return useMemo(() => {
    const all = [...(own ?? []).map(({ name }) => ({ server: here, name })), ...(found ?? [])]
    return [...new Map(all.map((one) => [JSON.stringify([one.server, one.name]), one])).values()]
  }, [own, found, here])
}
