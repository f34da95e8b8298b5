import { Link } from '@tanstack/react-router'

export interface LinkTab {
  to: string
  label: string
  exact?: boolean
}

/** Parts of a page that have an address each. */
export function LinkTabs(props: { label: string; tabs: readonly LinkTab[] }) {
  return (
    <nav aria-label={props.label} className="mb-3 flex gap-x-1 overflow-x-auto overflow-y-hidden border-b border-line">
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
