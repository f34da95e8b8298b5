import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react'
import type uPlot from 'uplot'
import type { SeriesResponse } from '../api/types'
import { useTime } from '../app/time'
import { AbsenceReason } from '../blocks/absence'
import { MissingState } from '../blocks/state-view'
import { useI18n } from '../i18n'
import { download, downloadCsv, fileName } from '../lib/download'
import { lazyPart } from '../lib/lazy-part'
import { paths } from '../lib/paths'
import { relative } from '../lib/time-range'
import { formatValue } from '../lib/units'
import { Button, IconButton, iconButtonClass } from '../ui/button'
import { cx } from '../ui/classes'
import { Icon } from '../ui/icon'
import { MenuButton, MenuItem } from '../ui/menu'
import { ChartSkeleton } from '../ui/skeleton'
import { toast } from '../ui/toasts'
import { ChartTable } from './chart-table'
import { hasValues, seriesFacts } from './facts'
import { COMPARED_MAX } from './line-looks'
import { marksWithin } from './marks'
import { type ChartData, type ChartMark, isNew } from './model'

const TimeChart = lazyPart(() => import('./time-chart').then((module) => module.TimeChart), ChartSkeleton, MissingState)

export interface ChartFrameProps {
  title: string
  help: string
  answer: SeriesResponse | undefined
  data: ChartData | undefined
  marks: readonly ChartMark[]
  /** Whether the window to compare with could not be loaded. */
  beforeFailed?: boolean
  zero: boolean
  height?: number
  /** Of the names of saved files. */
  fileParts: readonly string[]
  /** Takes away what the reader chose among labels; none: nothing is chosen. */
  onReset?: (() => void) | undefined
  /** Of which alone this is. */
  database?: string | undefined
  /** Where the same metric can be looked at closer. */
  explore?: { server: string; set: string; metric: string }
  /** Loading, failed and stale are the caller's; what is drawn is ours. */
  view: (draw: () => ReactNode) => ReactNode
}

/** A chart with its title, table, files and words for screen readers. */
export function ChartFrame({ frame, ...props }: ChartFrameProps & { frame: (element: HTMLElement | null) => void }) {
  const { t, u } = useI18n()
  const { title, answer, data } = props
  const [asTable, setAsTable] = useState(false)
  const [plot, setPlot] = useState<uPlot | null>(null)
  const left = answer?.series_left_out ?? 0
  return (
    <section ref={frame} aria-label={title} className="group min-w-0 rounded-lg border border-line bg-panel">
      <div className="flex items-start gap-1 pt-2 pr-1.5 pl-3">
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-semibold">{title}</h2>
          <p className="text-xs break-words text-dim">
            {props.help}
            {answer &&
              ` · ${answer.resolution === 'merged' ? t.charts.merged(u.duration(answer.interval_seconds * 1_000)) : t.charts.resolution[answer.resolution]}`}
          </p>
          {left > 0 && <p className="text-xs text-warn">{t.charts.leftOut(left)}</p>}
        </div>
        <IconButton
          icon={asTable ? 'chart' : 'table'}
          label={`${title}: ${asTable ? t.charts.showChart : t.charts.showTable}`}
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
          className="size-7"
        />
        <ChartMenu {...props} plot={plot} onChart={() => setAsTable(false)} />
      </div>
      <div className={cx('p-2', (data === undefined || hasValues(data.series)) && 'min-h-[212px]')}>
        {props.view(() =>
          data === undefined ? <ChartSkeleton /> : <Drawn {...props} data={data} asTable={asTable} onPlot={setPlot} />,
        )}
      </div>
    </section>
  )
}

function Drawn(props: ChartFrameProps & { data: ChartData; asTable: boolean; onPlot: (plot: uPlot | null) => void }) {
  const { t } = useI18n()
  const { setRange } = useTime()
  const { data, answer, title, onReset } = props
  const marks = marksWithin(props.marks, data.from, data.to)
  if (!hasValues(data.series)) {
    const isCounted = data.timestamps.length > 0 && answer?.metrics.some((metric) => metric.kind === 'counter') === true
    // Values, and yet nothing to draw: nothing of nothing is no share.
    const isIdle = isCounted && answer.series.some((series) => series.values.some((value) => value !== null))
    const few = isCounted && !isIdle
    return (
      <div className="grid content-center justify-items-center gap-1 px-4 py-3 text-center text-dim">
        <p>
          {isIdle
            ? t.charts.nothingCounted
            : few
              ? t.charts.oneSample
              : onReset
                ? t.charts.noMatch
                : t.charts.noSamples}
        </p>
        {!isCounted && onReset && <Button onClick={onReset}>{t.common.resetFilters}</Button>}
        {!isCounted && !onReset && answer && (
          <AbsenceReason server={answer.server} set={answer.set} database={props.database} />
        )}
        {few && answer?.resolution !== 'raw' && answer?.resolution !== 'merged' && <LookCloser title={title} />}
      </div>
    )
  }
  const wasWatched = hasValues(data.compared)
  const zoom = (from: number, to: number) =>
    setRange({ kind: 'absolute', from: Math.round(from) * 1_000, to: Math.round(to) * 1_000 })
  return (
    <>
      <Summary title={title} data={data} marks={marks} />
      {props.asTable ? (
        <ChartTable title={title} data={data} marks={marks} />
      ) : (
        <TimeChart
          title={title}
          data={data}
          marks={marks}
          zero={props.zero}
          {...(props.height === undefined ? {} : { height: props.height })}
          onZoom={zoom}
          onPlot={props.onPlot}
        />
      )}
      {!props.asTable && wasWatched && data.compared.length > COMPARED_MAX && <Note>{t.charts.compareOne}</Note>}
      {wasWatched && data.others === null && <Note>{t.charts.otherAlone}</Note>}
      {props.beforeFailed === true && <p className="mt-1 px-1 text-xs text-warn">{t.charts.beforeFailed}</p>}
      {isNew(data) && (
        <div className="mt-2 flex flex-wrap items-center justify-between gap-2 px-1 text-xs text-dim">
          {t.charts.fewSamples}
          <LookCloser title={title} />
        </div>
      )}
    </>
  )
}

const Note = (props: { children: string }) => <p className="mt-1 px-1 text-xs text-dim">{props.children}</p>

/** A server that was added just now has hours of a day without anything, and minutes with much. */
function LookCloser({ title }: { title: string }) {
  const { t } = useI18n()
  const { setRange } = useTime()
  const closer = relative('1h')
  if (closer === undefined) return null
  return (
    <Button onClick={() => setRange(closer)} aria-label={`${title}: ${t.charts.lookCloser}`}>
      {t.charts.lookCloser}
    </Button>
  )
}

function ChartMenu(props: ChartFrameProps & { plot: uPlot | null; onChart: () => void }) {
  const { t, u } = useI18n()
  const { zone } = useTime()
  const navigate = useNavigate()
  const { title, data, explore, plot } = props
  const wanted = useRef(false)
  const empty = data === undefined || !hasValues(data.series)
  const name = (extension: string) => fileName(props.fileParts, Date.now(), extension)
  const fail = () => toast(t.charts.exportFailed, 'bad')
  const saveCsv = async () => {
    if (data === undefined) return
    const { chartCsv } = await import('./export')
    downloadCsv(chartCsv(data, t.charts.time, t.charts.before, zone), name('csv'))
  }
  const savePicture = async (drawn: uPlot) => {
    if (data === undefined) return
    const { chartPicture } = await import('./export')
    const note = `${props.fileParts.slice(0, -1).join(' / ')} · ${u.dateTime(data.from * 1_000)} – ${u.dateTime(data.to * 1_000)} · ${u.zone(data.to * 1_000)}`
    download(await chartPicture(drawn, title, note, data), name('png'))
  }
  const onDrawn = useEffectEvent((drawn: uPlot) => {
    if (wanted.current) savePicture(drawn).catch(fail)
    wanted.current = false
  })
  useEffect(() => {
    if (plot !== null) onDrawn(plot)
  }, [plot])
  const askPicture = () => {
    if (plot !== null) return void savePicture(plot).catch(fail)
    // There is no picture of a table: the chart is shown, and saved when it is drawn.
    wanted.current = true
    props.onChart()
  }
  return (
    <MenuButton
      label={`${title}: ${t.charts.more}`}
      trigger={<Icon name="more" />}
      className={`${iconButtonClass} size-7!`}
    >
      <MenuItem icon="image" disabled={empty} onSelect={askPicture}>
        {t.charts.savePng}
      </MenuItem>
      <MenuItem icon="download" disabled={empty} onSelect={() => void saveCsv().catch(fail)}>
        {t.charts.saveCsv}
      </MenuItem>
      {explore && (
        <MenuItem
          icon="chart"
          onSelect={() =>
            void navigate({
              to: paths.explore(),
              search: { server: explore.server, set: explore.set, metric: explore.metric },
            })
          }
        >
          {t.charts.explore}
        </MenuItem>
      )}
    </MenuButton>
  )
}

/** What the lines say, in words. */
function Summary(props: { title: string; data: ChartData; marks: readonly ChartMark[] }) {
  const { t, u } = useI18n()
  const { data, marks } = props
  return (
    <div className="sr-only">
      <p>{t.charts.summary(props.title, data.series.length)}</p>
      <ul>
        {data.series.map((series) => {
          const facts = seriesFacts(series.values)
          const say = (value: number | null) => formatValue(u, data.format, value, facts.max)
          return (
            <li key={series.key}>
              {t.charts.seriesSummary(series.label, say(facts.last), say(facts.min), say(facts.max))}
            </li>
          )
        })}
        {marks.map((mark) => (
          <li key={`${mark.at} ${mark.text}`}>
            {u.dateTime(mark.at * 1_000)}: {mark.text}
          </li>
        ))}
      </ul>
    </div>
  )
}
