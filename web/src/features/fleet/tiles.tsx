import { type KeyboardEvent, type MouseEvent, useRef, useState } from 'react'
import { cx } from '../../ui/classes'

export interface Tile {
  key: string
  /** On the tile, where there is room. */
  name: string
  /** Below it. */
  value?: string
  /** All that is to know, for the title and for screen readers. */
  text: string
  href: string
  className: string
}

/** With more tiles than these, names would not be readable. */
const NAMED_MAX = 60

/**
 * One tile for each server. The tiles are plain links with one tab stop for all of them: arrows move between, as in a
 * grid, and a thousand cost what a thousand elements cost.
 */
export function Tiles(props: { label: string; tiles: readonly Tile[]; onOpen: (href: string) => void }) {
  const grid = useRef<HTMLUListElement>(null)
  const [current, setCurrent] = useState(0)
  const named = props.tiles.length <= NAMED_MAX
  const stop = Math.min(current, props.tiles.length - 1)

  const move = (event: KeyboardEvent) => {
    const links = grid.current?.querySelectorAll('a')
    if (!links) return
    const next = neighbour(event.key, stop, links.length, columnsOf(links))
    if (next === undefined) return
    event.preventDefault()
    setCurrent(next)
    links[next]?.focus()
  }
  const open = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey
    if (link === null || !plain) return
    event.preventDefault()
    props.onOpen(link.getAttribute('href') ?? '/')
  }

  return (
    <ul
      ref={grid}
      aria-label={props.label}
      onKeyDown={move}
      onClick={open}
      className={cx('grid gap-1', named ? 'grid-cols-[repeat(auto-fill,minmax(8.5rem,1fr))]' : TINY)}
    >
      {props.tiles.map((tile, index) => (
        <li key={tile.key} className="min-w-0">
          <a
            href={tile.href}
            title={tile.text}
            aria-label={named && tile.value !== undefined ? undefined : tile.text}
            tabIndex={index === stop ? 0 : -1}
            onFocus={() => setCurrent(index)}
            className={cx(
              'block rounded-sm hover:ring-2 hover:ring-accent',
              named ? 'px-2 py-1 text-xs' : 'h-[24px]',
              tile.className,
            )}
          >
            {named && (
              <>
                <span className="block truncate font-medium">{tile.name}</span>
                <span className="block truncate tabular-nums">{tile.value}</span>
              </>
            )}
          </a>
        </li>
      ))}
    </ul>
  )
}

const TINY = 'grid-cols-[repeat(auto-fill,minmax(24px,1fr))]'

/** How many stand in the first row. */
function columnsOf(links: NodeListOf<HTMLElement>): number {
  const top = links[0]?.offsetTop
  let columns = 0
  while (columns < links.length && links[columns]?.offsetTop === top) columns += 1
  return Math.max(1, columns)
}

function neighbour(key: string, at: number, count: number, columns: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -at,
    End: count - 1 - at,
  }
  const step = steps[key]
  if (step === undefined) return undefined
  const next = at + step
  return next < 0 || next >= count ? at : next
}
