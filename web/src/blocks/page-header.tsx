import { type ReactNode, useEffect } from 'react'

/** The title of the page and of the browser's tab, and what can be done here. */
export function PageHeader(props: { title: string; tabTitle?: string; note?: ReactNode; children?: ReactNode }) {
  const tabTitle = props.tabTitle ?? props.title
  useEffect(() => {
    document.title = `${tabTitle} · pgvigil`
  }, [tabTitle])
  return (
    <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
      <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{props.title}</h1>
      {props.note && <div className="min-w-0 text-dim">{props.note}</div>}
      {props.children && <div className="ml-auto flex flex-wrap items-center gap-2">{props.children}</div>}
    </div>
  )
}
