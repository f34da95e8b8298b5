import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type CostsFilter, eventsQuery } from '../api/queries'
import type { HostEvent } from '../api/types'
import { useI18n } from '../i18n'
import type { ChartMark } from './model'

/** Marks beyond these would hide the lines; the newest are kept. */
const MARKS_MAX = 40

/** What happened on a server or to a plugin, and to the host as a whole, as marks for its charts. */
export function useMarks({ server, plugin }: CostsFilter): readonly ChartMark[] {
  const { t } = useI18n()
  const events = useQuery(eventsQuery({ server }))
  return useMemo(() => {
    const kinds: Record<string, string> = t.events.kinds
    const concerns = ({ kind, subject }: HostEvent) =>
      plugin === undefined || subject === `plugin:${plugin}` || kind.startsWith('plugins.')
    return (events.data ?? [])
      .filter(concerns)
      .slice(0, MARKS_MAX)
      .map((event) => markOf(event, kinds))
  }, [events.data, plugin, t])
}

function markOf(event: HostEvent, kinds: Record<string, string>): ChartMark {
  const subject = event.subject.replace(/^database:/, '')
  return { at: Date.parse(event.at) / 1_000, text: `${kinds[event.kind] ?? event.kind}: ${subject}` }
}

/** Those within a window of seconds. */
export const marksWithin = (marks: readonly ChartMark[], from: number, to: number): ChartMark[] =>
  marks.filter((mark) => mark.at >= from && mark.at <= to)
