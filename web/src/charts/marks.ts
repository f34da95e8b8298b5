import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { CostsFilter } from '../api/history-queries'
import { EVENTS_MAX, eventsWithinQuery } from '../api/queries'
import type { HostEvent } from '../api/types'
import { useTime } from '../app/time'
import { useI18n } from '../i18n'
import { hostTime } from '../lib/now'
import { resolveRange } from '../lib/time-range'
import { type ChartMark, gathered } from './model'

/** What happened on a server or to a plugin, and to the host as a whole, as marks for its charts. */
export function useMarks({ server, plugin }: CostsFilter): readonly ChartMark[] {
  const { t } = useI18n()
  const { range } = useTime()
  // The host gives those of one server, or of all: its own are among the latter alone.
  const all = useQuery(eventsWithinQuery({}, range, { limit: EVENTS_MAX }))
  const own = useQuery({
    ...eventsWithinQuery({ server }, range, { limit: EVENTS_MAX }),
    enabled: server !== undefined,
  })
  return useMemo(() => {
    const kinds: Record<string, string> = t.events.kinds
    const ofHost = (all.data ?? []).filter(
      ({ kind, subject }) =>
        kind.startsWith('plugins.') ||
        (kind.startsWith('plugin.') && (plugin === undefined || subject === `plugin:${plugin}`)),
    )
    const marks = [...ofHost, ...(own.data ?? [])].map((event) => markOf(event, kinds))
    const { from, to } = resolveRange(range, hostTime(Math.max(all.dataUpdatedAt, own.dataUpdatedAt)))
    return gathered(
      marks.toSorted((a, b) => a.at - b.at),
      from / 1_000,
      to / 1_000,
    )
  }, [all.data, all.dataUpdatedAt, own.data, own.dataUpdatedAt, range, plugin, t])
}

function markOf(event: HostEvent, kinds: Record<string, string>): ChartMark {
  const subject = event.subject.replace(/^database:/, '')
  return { at: Date.parse(event.at) / 1_000, text: `${kinds[event.kind] ?? event.kind}: ${subject}` }
}

/** Those within a window of seconds. */
export const marksWithin = (marks: readonly ChartMark[], from: number, to: number): ChartMark[] =>
  marks.filter((mark) => mark.at >= from && mark.at <= to)
