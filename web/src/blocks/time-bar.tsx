import { useState } from 'react'
import { useLiveState } from '../app/live'
import { type TimeContext, useTime } from '../app/time'
import { useI18n } from '../i18n'
import { lazyPart } from '../lib/lazy-part'
import { useNow } from '../lib/now'
import { useShortcut } from '../lib/shortcuts'
import { PRESETS, relative, type TimeRange } from '../lib/time-range'
import { Button, buttonClass, IconButton } from '../ui/button'
import { cx } from '../ui/classes'
import { Icon } from '../ui/icon'
import { Popover } from '../ui/popover'
import { ChartSkeleton } from '../ui/skeleton'
import { MissingState } from './state-view'

const PanelSkeleton = () => (
  <div className="w-80">
    <ChartSkeleton />
  </div>
)

const TimePanel = lazyPart(() => import('./time-panel').then((module) => module.TimePanel), PanelSkeleton, MissingState)

/** The one way to say which time all charts and lists show. */
export function TimeBar() {
  const { t } = useI18n()
  const time = useTime()
  const [open, setOpen] = useState(false)
  useShortcut('earlier', () => time.shift(-1))
  useShortcut('later', () => time.shift(1))
  useShortcut('widen', time.widen)
  useShortcut('compare', () => time.setComparison(time.comparison === undefined ? 'prev' : undefined))
  const isNow = time.range.kind === 'relative'
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div role="group" aria-label={t.time.label} className="flex max-w-full flex-wrap items-center justify-end gap-1">
      <div className="flex min-w-0 items-center rounded-md border border-line-strong/60 bg-panel">
        <IconButton icon="left" label={t.time.earlier} onClick={() => time.shift(-1)} className="size-[30px]" />
        <Popover
          label={t.time.range}
          open={open}
          onOpenChange={setOpen}
          triggerClass="flex min-h-[30px] min-w-0 items-center gap-1.5 border-x border-line px-2 font-medium hover:bg-sunken"
          trigger={<RangeText time={time} />}
        >
          <TimePanel time={time} onDone={() => setOpen(false)} />
        </Popover>
        <IconButton
          icon="right"
          label={t.time.later}
          disabled={isNow}
          onClick={() => time.shift(1)}
          className="size-[30px]"
        />
      </div>
      <IconButton icon="wide" label={t.time.widen} onClick={time.widen} className="max-[24rem]:hidden" />
      <LiveButton time={time} fixable />
    </div>
  )
}

function rangeText(
  range: TimeRange,
  words: { presets: Record<string, string>; last: (span: string) => string },
  duration: (milliseconds: number) => string,
  dateTime: (at: number) => string,
): string {
  if (range.kind === 'absolute') return `${dateTime(range.from)} – ${dateTime(range.to)}`
  return words.last(words.presets[range.text] ?? duration(range.seconds * 1_000))
}

function RangeText({ time }: { time: TimeContext }) {
  const { t, u } = useI18n()
  const { range, comparison } = time
  return (
    <>
      <Icon name={range.kind === 'relative' ? 'clock' : 'calendar'} className="size-3.5 shrink-0 text-dim" />
      <span className="sr-only">{t.time.range}:</span>
      <span className="flex min-w-0 flex-wrap gap-x-1.5 text-left">
        {rangeText(range, t.time, u.duration, u.dateTime)}
        {comparison !== undefined && (
          <span className="text-xs leading-5 font-normal text-dim">
            {t.time.compared(t.time.comparisons[comparison])}
          </span>
        )}
      </span>
      <Icon name="chevron" className="size-3 shrink-0 text-dim" />
    </>
  )
}

const DOTS = { push: 'bg-bar-ok', polling: 'border-2 border-bar-ok', connecting: 'bg-bar-warn' } as const

/** Whether the page moves, and how; a press changes it. */
export function LiveButton(props: { time: TimeContext; fixable?: boolean }) {
  const { time } = props
  const { t, u } = useI18n()
  const state = useLiveState()
  const now = useNow()
  const goLive = () => {
    if (time.range.kind === 'absolute') time.setRange(relative(PRESETS[3]) ?? time.range)
    if (time.paused) time.setPaused(false)
  }
  const toggle = () => time.setPaused(!time.paused)
  useShortcut('pause', toggle)
  useShortcut('live', goLive)
  if (time.range.kind === 'absolute' && !time.paused && props.fixable) {
    return (
      <Button title={t.time.liveFixed} onClick={goLive} className="text-dim!">
        <span aria-hidden="true" className="size-2 rounded-full bg-bar-idle" />
        {t.time.liveOn}
      </Button>
    )
  }
  const paused = state === 'paused'
  const { label, hint } = t.time.liveStates[state]
  return (
    <button
      type="button"
      aria-pressed={time.paused}
      aria-label={`${label}. ${time.paused ? t.time.resume : t.time.pause}`}
      title={`${hint} (${u.clock(now)})`}
      onClick={toggle}
      className={cx(buttonClass('plain'), paused && 'border-transparent! bg-warn-soft! text-warn!')}
    >
      {state === 'paused' ? (
        <Icon name="pause" className="size-3.5 shrink-0" />
      ) : (
        <span aria-hidden="true" className={cx('size-2 rounded-full', DOTS[state])} />
      )}
      {label}
    </button>
  )
}
