import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Condition, ServerStatus } from '../../api/types'
import { absenceOf, CONDITIONS } from '../../blocks/server-state'
import { BAD_FROM, type UsageTone, usageTone, WARN_FROM } from '../../blocks/usage-bar'
import { type I18n, useI18n } from '../../i18n'
import { countsOf } from '../../lib/group'
import { paths } from '../../lib/paths'
import { cx } from '../../ui/classes'
import { type Amount, type Judged, type Measure, ofNow, SET_OF, shades, shareShade } from './fleet-model'
import { type Tile, Tiles } from './tiles'

/** What a colour of the map means; several are a scale. */
interface Meaning {
  classNames: readonly string[]
  text: string
}

interface FleetMapView {
  tiles: Tile[]
  legend: Meaning[]
}

/** Every server as a tile, coloured by its condition or by one of its numbers. */
export function FleetMap({ judged, by }: { judged: readonly Judged[]; by: Measure }) {
  const { t, u } = useI18n()
  const navigate = useNavigate()
  const { tiles, legend } = useMemo(
    () => (by === 'severity' ? byCondition(judged, t, u) : byAmount(judged, by, t, u)),
    [judged, by, t, u],
  )
  return (
    <>
      <Tiles label={t.fleet.map} tiles={tiles} onOpen={(href) => void navigate({ to: href })} />
      <ul aria-label={t.fleet.legend} className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-xs text-dim">
        {legend.map(({ classNames, text }) => (
          <li key={text} className="inline-flex items-center gap-1.5">
            <span aria-hidden="true" className="inline-flex">
              {classNames.map((className) => (
                <span key={className} className={cx('h-3 w-3 first:rounded-l-xs last:rounded-r-xs', className)} />
              ))}
            </span>
            {text}
          </li>
        ))}
      </ul>
    </>
  )
}

const BAD_TILE = 'bg-bar-bad text-white dark:text-black'
const WARN_TILE = 'bg-bar-warn text-black'
const UNKNOWN_TILE = 'bg-panel text-dim ring-1 ring-line-strong ring-inset'

/** What does not answer and what is critical are both red, and must not look alike. */
const CONDITION_TILES: Record<Condition, string> = {
  unreachable: BAD_TILE,
  critical: 'bg-bad-soft text-bad ring-2 ring-bar-bad ring-inset',
  warning: WARN_TILE,
  pending: 'bg-sunken text-dim ring-1 ring-line ring-inset',
  ok: 'bg-ok-soft text-ok',
}

/** One colour from pale to full; the darker ones carry light text. */
const SHADE_TILES = [
  'bg-(--shade-1) text-ink',
  'bg-(--shade-2) text-ink',
  'bg-(--shade-3) text-ink',
  'bg-(--shade-4) text-(--shade-ink)',
  'bg-(--shade-5) text-(--shade-ink)',
  'bg-(--shade-6) text-(--shade-ink)',
] as const

const tileOf = ({ name }: ServerStatus, value: string, className: string, more = ''): Tile => ({
  key: name,
  name,
  value,
  text: `${name}: ${value}${more}`,
  href: paths.server(name),
  className,
})

function byCondition(judged: readonly Judged[], t: I18n['t'], u: I18n['u']): FleetMapView {
  const counts = countsOf(judged.map(({ condition }) => condition))
  return {
    tiles: judged.map(({ server, condition, troubles }) => {
      const disk = troubles.find((trouble) => trouble.kind === 'disk')
      const full = disk === undefined ? '' : `, ${t.fleet.diskFull(u.percent(disk.used))}`
      return tileOf(server, t.serverStates[condition], CONDITION_TILES[condition], full)
    }),
    legend: CONDITIONS.filter((condition) => counts.has(condition)).map((condition) => ({
      classNames: [CONDITION_TILES[condition]],
      text: t.serverStates[condition],
    })),
  }
}

function byAmount(judged: readonly Judged[], by: Amount, t: I18n['t'], u: I18n['u']): FleetMapView {
  const values = judged.map(({ server }) => ofNow(server, by))
  const say: (value: number | null) => string = {
    disk: u.percent,
    connections: u.integer,
    transactions: (value: number | null) => u.rate(value),
    size: u.bytes,
  }[by]
  const ranks = shades(values)
  const look = (index: number) => {
    const value = values[index] ?? null
    const shade = by === 'disk' ? shareShade(value) : ranks[index]
    if (value === null || shade == null) return UNKNOWN_TILE
    return (by === 'disk' && DISK_TILES[usageTone(value)]) || (SHADE_TILES[shade] ?? UNKNOWN_TILE)
  }
  const known = values.filter((value) => value !== null)
  const scale = { classNames: SHADE_TILES, text: `${say(Math.min(...known))} – ${say(Math.max(...known))}` }
  return {
    tiles: judged.map(({ server }, index) => {
      const value = values[index] ?? null
      return tileOf(server, value === null ? absenceOf(server, SET_OF[by], t) : say(value), look(index))
    }),
    legend: [
      ...(by === 'disk' ? diskLegend(say) : known.length > 0 ? [scale] : []),
      ...(known.length < values.length ? [{ classNames: [UNKNOWN_TILE], text: t.fleet.noValue }] : []),
    ],
  }
}

/** As the bars of disks everywhere else are. */
const DISK_TILES: Record<UsageTone, string | undefined> = { ok: undefined, warn: WARN_TILE, bad: BAD_TILE }

const diskLegend = (say: (value: number) => string): Meaning[] => [
  { classNames: SHADE_TILES.slice(0, (shareShade(WARN_FROM) ?? 0) + 1), text: `< ${say(WARN_FROM)}` },
  { classNames: [WARN_TILE], text: `≥ ${say(WARN_FROM)}` },
  { classNames: [BAD_TILE], text: `≥ ${say(BAD_FROM)}` },
]
