import { Link, useLocation } from '@tanstack/react-router'
import { useEffect, useLayoutEffect, useRef } from 'react'

export interface LinkTab {
  to: string
  label: string
  exact?: boolean
}

/** Parts of a page that have an address each. */
export function LinkTabs(props: { label: string; tabs: readonly LinkTab[] }) {
  const nav = useCurrentInView()
  return (
    <nav
      ref={nav}
      aria-label={props.label}
      onScroll={(event) => tellMore(event.currentTarget)}
      className={`mb-3 flex gap-x-1 overflow-x-auto overflow-y-hidden border-b border-line ${FADE}`}
    >
      {props.tabs.map((tab) => (
        <Link
          key={tab.to}
          to={tab.to}
          activeOptions={{ exact: tab.exact === true, includeSearch: false }}
          className="shrink-0 border-b-2 border-transparent px-2.5 py-1.5 font-medium text-dim hover:text-ink focus-visible:-outline-offset-2"
          activeProps={{ className: 'border-accent! text-ink!', 'aria-current': 'page' }}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  )
}

/** Tabs that are out of sight fade away at the edge where they are. */
const FADE =
  'data-[more=end]:[mask-image:linear-gradient(to_left,transparent,black_3rem)] data-[more=start]:[mask-image:linear-gradient(to_right,transparent,black_3rem)] data-[more=both]:[mask-image:linear-gradient(to_right,transparent,black_3rem,black_calc(100%-3rem),transparent)]'

function tellMore(tabs: HTMLElement) {
  const start = tabs.scrollLeft > 1
  const end = tabs.scrollLeft + tabs.clientWidth < tabs.scrollWidth - 1
  tabs.dataset.more = start && end ? 'both' : start ? 'start' : end ? 'end' : 'none'
}

/** On a narrow screen the tab of this page may stand beyond the edge. Moves the tabs alone, never the page. */
function useCurrentInView() {
  const nav = useRef<HTMLElement>(null)
  const shown = useRef('')
  const path = useLocation({ select: (location) => location.pathname })
  useLayoutEffect(() => {
    if (shown.current === path) return
    shown.current = path
    if (nav.current !== null) moveIntoView(nav.current)
  }, [path])
  useEffect(() => {
    const tabs = nav.current
    if (tabs === null) return
    // As when a phone is turned.
    const observer = new ResizeObserver(() => {
      moveIntoView(tabs)
      tellMore(tabs)
    })
    observer.observe(tabs)
    return () => observer.disconnect()
  }, [])
  return nav
}

function moveIntoView(tabs: HTMLElement) {
  const current = tabs.querySelector('[aria-current=page]')
  if (current === null) return
  const [all, one] = [tabs.getBoundingClientRect(), current.getBoundingClientRect()]
  if (one.left < all.left || one.right > all.right) {
    tabs.scrollLeft += (one.left + one.right) / 2 - (all.left + all.right) / 2
  }
}
