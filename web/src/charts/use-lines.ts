import { type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type SeriesRequest, seriesQuery } from '../api/history-queries'
import type { SeriesResponse } from '../api/types'
import { useTime } from '../app/time'
import { comparedQuery, comparisonSeconds } from '../lib/time-range'
import { unseenBefore, withCompared, withFound } from './compare'
import { type ChartShape, type ChartWords, chartData } from './model'

interface Wanted {
  request: SeriesRequest
  shape: ChartShape
  words: ChartWords
  /** Nothing is asked for before it is seen. */
  seen: boolean
}

/** Moved by the length of another comparison an answer would stand at wrong times. */
const settled = (query: UseQueryResult<SeriesResponse>) => (query.isPlaceholderData ? undefined : query.data)
const allSettled = (queries: UseQueryResult<SeriesResponse>[]) => queries.flatMap((query) => settled(query) ?? [])

/** The answer for the window that is chosen, and its lines, with the window before laid under them where one compares. */
export function useLines({ request, shape, words, seen }: Wanted) {
  const { range, comparison } = useTime()
  const query = useQuery({ ...seriesQuery(request, range), enabled: seen })
  const earlier = comparison === undefined ? 0 : comparisonSeconds(comparison, range)
  const window = comparedQuery(range, earlier)
  const before = useQuery({ ...seriesQuery(request, range, window), enabled: seen && earlier > 0 })
  const compared = earlier > 0 ? settled(before) : undefined
  const { data: answer } = query
  const { metrics, labels } = request
  const now = useMemo(
    () => (answer === undefined ? undefined : chartData(answer, shape, metrics, words)),
    [answer, shape, metrics, words],
  )
  const unseen = useMemo(
    () => (answer && now && compared ? unseenBefore(answer, now, compared, shape) : []),
    [answer, now, compared, shape],
  )
  const found = useQueries({
    queries: unseen.map((one) => {
      const filter = shape.kind === 'by-label' && labels !== undefined ? `${labels},${one}` : one
      return seriesQuery({ ...request, top: undefined, labels: filter }, range, window)
    }),
    combine: allSettled,
  })
  const data = useMemo(() => {
    if (answer === undefined || now === undefined || compared === undefined) return now
    const shaped = chartData(withFound(compared, found), shape, metrics, words, now)
    return withCompared(now, shaped, earlier, answer.interval_seconds)
  }, [answer, now, compared, found, earlier, shape, metrics, words])
  return { query, data, beforeFailed: earlier > 0 && before.isError }
}
