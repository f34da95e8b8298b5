import type { UseQueryResult } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { type ApiProblem, asProblem } from '../api/problem'
import { useNav } from '../app/nav'
import { useUser } from '../app/session-context'
import { useI18n } from '../i18n'
import { problemText } from '../i18n/problem-text'
import { hostTime, useFromNow } from '../lib/now'
import { paths } from '../lib/paths'
import { Button, buttonClass, IconButton } from '../ui/button'
import { Icon, type IconName } from '../ui/icon'

/** Error, empty, forbidden and not found have one shape and never the same words. */
function Notice(props: { icon: IconName; title: string; text: ReactNode; children?: ReactNode; role?: 'alert' }) {
  return (
    <div
      role={props.role}
      className="flex flex-col items-center rounded-lg border border-line bg-panel px-4 py-10 text-center"
    >
      <Icon name={props.icon} className="size-7 text-dim" />
      <h2 className="mt-3 text-base font-semibold">{props.title}</h2>
      <div className="mt-1 max-w-lg break-words text-dim">{props.text}</div>
      {props.children && <div className="mt-4 flex flex-wrap justify-center gap-2">{props.children}</div>}
    </div>
  )
}

export function EmptyState(props: { title: string; text: string; children?: ReactNode }) {
  return (
    <Notice icon="minus" title={props.title} text={props.text}>
      {props.children}
    </Notice>
  )
}

export function NoMatchState(props: { title: string; text?: string; onReset: () => void }) {
  const { t } = useI18n()
  return (
    <Notice icon="search" title={props.title} text={props.text}>
      <Button onClick={props.onReset}>{t.common.resetFilters}</Button>
    </Notice>
  )
}

export function ForbiddenState() {
  const { t } = useI18n()
  const user = useUser()
  return <Notice icon="lock" title={t.states.forbiddenTitle} text={t.states.forbiddenText(t.roles[user.role])} />
}

/** Leads to `children`, else to the page of all of its kind. */
export function NotFoundState(props: { text?: string; children?: ReactNode }) {
  const { t } = useI18n()
  const path = useLocation({ select: (location) => location.pathname })
  const pages = useNav(useUser().role).flatMap((group) => group.items)
  const near = pages.find(({ to, exact }) => !exact && path.startsWith(to))
  return (
    <Notice icon="search" title={t.states.notFoundTitle} text={props.text ?? t.states.notFoundText}>
      {props.children ?? (
        <Link to={near?.to ?? paths.home()} className={buttonClass('plain')}>
          {near?.label ?? t.nav.fleet}
        </Link>
      )}
    </Notice>
  )
}

export function RequestId(props: { problem: ApiProblem }) {
  const { t } = useI18n()
  if (props.problem.requestId === null) return null
  return (
    <span className="block text-xs break-all">
      {t.common.requestId} <code className="font-mono">{props.problem.requestId}</code>
    </span>
  )
}

export function ErrorState(props: { error: unknown; onRetry: () => void; notFoundText?: string | undefined }) {
  const { t } = useI18n()
  const problem = asProblem(props.error)
  if (problem.status === 403) return <ForbiddenState />
  if (problem.status === 404) return <NotFoundState text={props.notFoundText ?? problemText(t, problem)} />
  const away = problem.status === 0
  return (
    <Notice
      role="alert"
      icon="warning"
      title={away ? t.states.unreachableTitle : t.states.errorTitle}
      text={
        <>
          {away ? t.states.unreachableText : problemText(t, problem)}
          <RequestId problem={problem} />
        </>
      }
    >
      <Button onClick={props.onRetry}>{t.common.retry}</Button>
    </Notice>
  )
}

/** A part of the page whose code did not come: all else is as it was. */
export function MissingState(props: { onRetry: () => void }) {
  const { t } = useI18n()
  return (
    <Notice role="alert" icon="warning" title={t.states.partTitle} text={t.states.partText}>
      <Button onClick={props.onRetry}>{t.common.retry}</Button>
    </Notice>
  )
}

interface StaleProps {
  error: unknown
  updatedAt: number
  onRetry: () => void
}

/** The last good data stays on screen; this says how old it is and why. */
function StaleNotice(props: StaleProps) {
  const { t } = useI18n()
  return (
    <div
      role="alert"
      className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md bg-warn-soft px-3 py-1.5 text-warn"
    >
      <Icon name="warning" />
      <span className="min-w-0 flex-1 break-words">
        <StaleText {...props} />
      </span>
      <Button onClick={props.onRetry}>{t.common.retry}</Button>
    </div>
  )
}

/** The same in one line, where many stand on a page: eight alerts at once would be none. */
function StaleLine(props: StaleProps) {
  const { t } = useI18n()
  return (
    <div className="mb-1 flex items-start gap-1.5 rounded-md bg-warn-soft py-0.5 pr-0.5 pl-2 text-xs text-warn">
      <Icon name="warning" className="mt-1.5 size-3.5 shrink-0" />
      <span className="min-w-0 flex-1 py-1 break-words">
        <StaleText {...props} />
      </span>
      <IconButton icon="refresh" label={t.common.retry} onClick={props.onRetry} className="size-6! text-warn!" />
    </div>
  )
}

function StaleText({ error, updatedAt }: StaleProps) {
  const { t, u } = useI18n()
  const age = useFromNow((now) => u.age(updatedAt, now))
  const problem = asProblem(error)
  return (
    <>
      {t.states.staleError(age)} {problem.status === 0 ? '' : problemText(t, problem)}
      <RequestId problem={problem} />
    </>
  )
}

/** One shape for everything that is loaded: skeleton, error, last good data with its age, data. */
export function QueryView<Data>(props: {
  query: UseQueryResult<Data>
  skeleton: ReactNode
  notFoundText?: string
  /** One of many on a page. */
  small?: boolean
  children: (data: Data) => ReactNode
}) {
  const { query } = props
  const retry = () => void query.refetch()
  if (query.data === undefined) {
    if (query.isError) return <ErrorState error={query.error} onRetry={retry} notFoundText={props.notFoundText} />
    return props.skeleton
  }
  const Stale = props.small ? StaleLine : StaleNotice
  return (
    <>
      {query.isError && <Stale error={query.error} updatedAt={hostTime(query.dataUpdatedAt)} onRetry={retry} />}
      {props.children(query.data)}
    </>
  )
}
