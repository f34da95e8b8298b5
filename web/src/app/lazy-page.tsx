import type { ComponentType } from 'react'
import { PageHeader } from '../blocks/page-header'
import { MissingState } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { lazyPart } from '../lib/lazy-part'
import { TableSkeleton } from '../ui/skeleton'

type Load<Name extends string> = () => Promise<Record<Name, ComponentType>>

export const lazyPage = <Name extends string>(load: Load<Name>, name: Name) =>
  lazyPart(() => load().then((module) => module[name]), PageWaiting, PageMissing)

/** Below the header of another page. */
export const lazyTab = <Name extends string>(load: Load<Name>, name: Name) =>
  lazyPart(() => load().then((module) => module[name]), TableSkeleton, MissingState)

function PageWaiting() {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title={t.common.loading} />
      <TableSkeleton />
    </>
  )
}

function PageMissing(props: { onRetry: () => void }) {
  const { t } = useI18n()
  return (
    <>
      <PageHeader title={t.states.errorTitle} />
      <MissingState onRetry={props.onRetry} />
    </>
  )
}
