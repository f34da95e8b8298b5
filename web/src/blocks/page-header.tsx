import type { ReactNode } from 'react'
import { useTime } from '../app/time'
import { useAsPageTitle } from '../lib/page-title'
import { LiveButton, TimeBar } from './time-bar'

/** The title of the page and of the browser's tab, and what can be done here. */
export function PageHeader(props: {
  title: string
  tabTitle?: string
  note?: ReactNode
  /** `range`: what is shown is of a window of time. `live`: it is of now, and follows. */
  time?: 'range' | 'live' | undefined
  children?: ReactNode
}) {
  const context = useTime()
  useAsPageTitle(props.tabTitle ?? props.title)
  return (
    <div className="mb-3 flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
      <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{props.title}</h1>
      {props.note && <div className="min-w-0 text-dim">{props.note}</div>}
      {(props.children || props.time) && (
        <div className="ml-auto flex max-w-full flex-wrap items-center justify-end gap-2">
          {props.time === 'range' && <TimeBar />}
          {props.time === 'live' && <LiveButton time={context} />}
          {props.children}
        </div>
      )}
    </div>
  )
}
