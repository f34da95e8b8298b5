import { useI18n } from '../i18n'
import { cx } from './classes'

const Bar = (props: { className?: string }) => (
  <div className={cx('animate-pulse rounded bg-sunken', props.className ?? 'h-3 w-full')} />
)

function Busy(props: { children: React.ReactNode; className?: string }) {
  const { t } = useI18n()
  return (
    <div role="status" aria-busy="true" data-testid="skeleton" className={props.className}>
      <span className="sr-only">{t.common.loading}</span>
      {props.children}
    </div>
  )
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

export function TableSkeleton(props: { rows?: number }) {
  return (
    <Busy className="overflow-hidden rounded-lg border border-line bg-panel">
      <div className="h-9 border-b border-line bg-sunken" />
      {numbers(props.rows ?? 8).map((row) => (
        <div key={row} className="flex h-11 items-center gap-6 border-b border-line px-3 last:border-0">
          <Bar className="h-3 w-40" />
          <Bar className="h-3 w-20" />
          <Bar className="hidden h-3 flex-1 sm:block" />
        </div>
      ))}
    </Busy>
  )
}

/** Facts in a row, what leads on from there, and charts. */
export function ChartsPageSkeleton(props: { tabs?: boolean }) {
  return (
    <Busy>
      <div className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-6">
        {numbers(6).map((card) => (
          <div key={card} className="h-[4.75rem] rounded-lg border border-line bg-panel p-3">
            <Bar className="h-2.5 w-16" />
            <Bar className="mt-2.5 h-5 w-24" />
          </div>
        ))}
      </div>
      {props.tabs && (
        <div className="mt-3 flex h-9 items-center gap-6 overflow-hidden border-b border-line px-2">
          {numbers(6).map((tab) => (
            <Bar key={tab} className="h-3 w-16 shrink-0" />
          ))}
        </div>
      )}
      <div className="mt-3 grid gap-3 md:grid-cols-2 2xl:grid-cols-3">
        {numbers(4).map((chart) => (
          <div key={chart} className="h-[17rem] rounded-lg border border-line bg-panel p-3">
            <Bar className="h-3 w-32" />
            <Bar className="mt-2 h-2.5 w-56 max-w-full" />
          </div>
        ))}
      </div>
    </Busy>
  )
}

export function ChartSkeleton() {
  return (
    <Busy className="flex h-[208px] items-end gap-1.5 p-2">
      {[35, 50, 42, 64, 58, 72, 66, 48, 55, 78, 70, 62].map((height) => (
        <div key={height} className="flex-1 animate-pulse rounded-t bg-sunken" style={{ height: `${height}%` }} />
      ))}
    </Busy>
  )
}

export function FormSkeleton() {
  return (
    <Busy className="grid gap-4 rounded-lg border border-line bg-panel p-4 sm:grid-cols-2">
      {numbers(6).map((field) => (
        <div key={field}>
          <Bar className="mb-2 h-3 w-24" />
          <Bar className="h-8 w-full" />
        </div>
      ))}
    </Busy>
  )
}

/** Two lines of text. */
export function TextSkeleton() {
  return (
    <Busy className="grid gap-2 py-1">
      <Bar className="h-3 w-48" />
      <Bar className="h-3 w-32" />
    </Busy>
  )
}

/** Numbers, tiles, two lists. */
export function FleetSkeleton() {
  return (
    <Busy className="grid gap-3">
      <div className="grid grid-cols-2 gap-2 sm:grid-cols-4 xl:grid-cols-8">
        {numbers(8).map((card) => (
          <div key={card} className="h-[4.9rem] rounded-lg border border-line bg-panel p-3">
            <Bar className="h-2.5 w-16" />
            <Bar className="mt-2.5 h-5 w-20" />
          </div>
        ))}
      </div>
      <div className="h-40 rounded-lg border border-line bg-panel" />
      <div className="grid gap-3 xl:grid-cols-2">
        {numbers(2).map((list) => (
          <div key={list} className="grid gap-4 rounded-lg border border-line bg-panel p-4">
            {numbers(6).map((row) => (
              <Bar key={row} className="h-3 w-full" />
            ))}
          </div>
        ))}
      </div>
    </Busy>
  )
}

/** A list at the left, charts at the right. */
export function ExploreSkeleton() {
  return (
    <Busy className="grid gap-3 lg:grid-cols-[17rem_minmax(0,1fr)]">
      <div className="grid content-start gap-3 rounded-lg border border-line bg-panel p-3">
        {numbers(10).map((row) => (
          <Bar key={row} className="h-3 w-full" />
        ))}
      </div>
      <div className="grid gap-3 xl:grid-cols-2">
        {numbers(4).map((chart) => (
          <div key={chart} className="h-64 rounded-lg border border-line bg-panel" />
        ))}
      </div>
    </Busy>
  )
}
