import { useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useCallback, useMemo } from 'react'
import { I18nZone } from '../i18n'
import { usePreferences } from '../lib/preferences'
import { useDropped } from '../lib/router-hooks'
import {
  type Comparison,
  parseRange,
  rangeToSearch,
  readTime,
  shiftRange,
  type TimeRange,
  type TimeSearch,
  widenRange,
} from '../lib/time-range'
import type { Zone } from '../lib/zone'

export const UTC = 'utc'

export interface TimeContext {
  range: TimeRange
  /** The range is the usual one, and not one that the URL names. */
  usual: boolean
  zone: Zone
  comparison: Comparison | undefined
  paused: boolean
  /** A step that one may want to take back: it is an entry of the history. */
  setRange: (range: TimeRange) => void
  shift: (direction: -1 | 1) => void
  widen: () => void
  setZone: (zone: string | undefined) => void
  setComparison: (comparison: Comparison | undefined) => void
  setPaused: (paused: boolean) => void
}

/** The time context of the URL, the same on all pages. */
export function useTime(): TimeContext {
  const { from, to, tz, cmp, live } = useTimeSearch().search
  const zone = useZone(tz)
  const change = useChangeSearch()
  return useMemo(() => {
    const range = parseRange({ from, to })
    const setRange = (next: TimeRange) => change(rangeToSearch(next), 'push')
    return {
      range,
      usual: from === undefined,
      zone,
      comparison: cmp,
      paused: live === '0',
      setRange,
      shift: (direction) => setRange(shiftRange(range, direction, Date.now())),
      widen: () => setRange(widenRange(range, Date.now())),
      setZone: (next) => change({ tz: next }),
      setComparison: (next) => change({ cmp: next }),
      setPaused: (paused) => change({ live: paused ? '0' : undefined }),
    }
  }, [from, to, zone, cmp, live, change])
}

function useTimeSearch() {
  const raw: Record<string, unknown> = useSearch({ strict: false })
  return useMemo(() => readTime(raw), [raw])
}

function useZone(tz: string | undefined): Zone {
  const preferred = usePreferences().zone
  return tz ?? preferred ?? undefined
}

function useChangeSearch() {
  const navigate = useNavigate()
  return useCallback(
    (part: TimeSearch, history?: 'push') =>
      void navigate({
        to: '.',
        search: (previous: Record<string, unknown>) => ({ ...previous, ...part }),
        replace: history !== 'push',
        resetScroll: false,
      }),
    [navigate],
  )
}

/** Below it, times are written in the zone of the time context. What the URL says of it without meaning leaves the URL. */
export function ZonedTimes(props: { children: ReactNode }) {
  const { search, unknown } = useTimeSearch()
  useDropped(unknown)
  return <I18nZone zone={useZone(search.tz)}>{props.children}</I18nZone>
}
