import { type FormEvent, useState } from 'react'
import { type TimeContext, UTC } from '../app/time'
import { useI18n } from '../i18n'
import { COMPARISONS, isTooLong, PRESETS, parseMoment, relative, resolveRange, type TimeRange } from '../lib/time-range'
import { oneOf } from '../lib/url-state'
import { browserZone, comesTwice, wallText, type Zone } from '../lib/zone'
import { Button } from '../ui/button'
import { cx } from '../ui/classes'
import { SelectField, TextField } from '../ui/field'

/** What opens under the time bar: lengths up to now, a section from – to, what to compare with, whose clocks. */
export function TimePanel({ time, onDone }: { time: TimeContext; onDone: () => void }) {
  const { t } = useI18n()
  const { range } = time
  const choose = (preset: string) => {
    const chosen = relative(preset)
    if (chosen !== undefined) time.setRange(chosen)
    onDone()
  }
  return (
    <div className="grid w-[min(37rem,calc(100vw-1.5rem))] sm:grid-cols-[11rem_1fr]">
      <section aria-label={t.time.quick} className="border-b border-line p-2 sm:border-r sm:border-b-0">
        <h2 className="px-2 pt-1 pb-1.5 text-xs font-semibold text-dim">{t.time.quick}</h2>
        <ul className="grid grid-cols-2 sm:grid-cols-1">
          {PRESETS.map((preset) => {
            const chosen = range.kind === 'relative' && range.text === preset
            return (
              <li key={preset}>
                <button
                  type="button"
                  aria-pressed={chosen}
                  onClick={() => choose(preset)}
                  className={cx(
                    'flex min-h-7 w-full items-center rounded-md px-2 text-left',
                    chosen ? 'bg-accent-soft font-medium text-accent-strong' : 'hover:bg-sunken',
                  )}
                >
                  {t.time.last(t.time.presets[preset])}
                </button>
              </li>
            )
          })}
        </ul>
      </section>
      <div className="grid content-start gap-4 p-4">
        <Section time={time} onDone={onDone} />
        <SelectField
          label={t.time.compare}
          value={time.comparison ?? ''}
          choices={[
            { value: '', label: t.time.compareNone },
            ...COMPARISONS.map((value) => ({ value, label: t.time.comparisons[value] })),
          ]}
          onChange={(event) => time.setComparison(oneOf(event.target.value, COMPARISONS))}
        />
        <ZoneField time={time} />
        <p className="text-xs text-dim">{t.charts.zoomHint}</p>
      </div>
    </div>
  )
}

type Problem = { field: 'from' | 'to'; text: string } | undefined

/** What stands in a field, and the very moment that it was written of, as long as nobody touched it. */
interface Field {
  text: string
  of?: number | undefined
}

const written = (of: number, zone: Zone): Field => ({ text: wallText(of, zone), of })
const read = ({ text, of }: Field, zone: Zone, now: number) => of ?? parseMoment(text, zone, now)

/** The same moment by other clocks, not another moment. */
function moved(field: Field, before: Zone, zone: Zone): Field {
  const at = field.text.includes('now') ? undefined : read(field, before, 0)
  return at === undefined ? field : written(at, zone)
}

function Section({ time, onDone }: { time: TimeContext; onDone: () => void }) {
  const { t } = useI18n()
  const [shown] = useState(() => resolveRange(time.range, Date.now()))
  const [from, setFrom] = useState<Field>(() => written(shown.from, time.zone))
  const [to, setTo] = useState<Field>(() =>
    time.range.kind === 'relative' ? { text: 'now' } : written(shown.to, time.zone),
  )
  const [zone, setZone] = useState(time.zone)
  if (zone !== time.zone) {
    setZone(time.zone)
    setFrom(moved(from, zone, time.zone))
    setTo(moved(to, zone, time.zone))
  }
  const [problem, setProblem] = useState<Problem>()
  const following = (): TimeRange | undefined => {
    if (to.text.trim() !== 'now') return undefined
    if (time.range.kind === 'relative' && from.of === shown.from) return time.range
    const since = from.text.trim()
    return since.startsWith('now-') ? relative(since.slice(4)) : undefined
  }
  const apply = (event: FormEvent) => {
    event.preventDefault()
    const now = Date.now()
    const start = read(from, time.zone, now)
    const end = read(to, time.zone, now)
    if (start === undefined) setProblem({ field: 'from', text: t.time.notMoment })
    else if (end === undefined) setProblem({ field: 'to', text: t.time.notMoment })
    else if (end <= start) setProblem({ field: 'to', text: t.time.notBefore })
    else if (isTooLong({ from: start, to: end })) setProblem({ field: 'from', text: t.time.tooLong })
    else {
      time.setRange(following() ?? { kind: 'absolute', from: start, to: end })
      onDone()
    }
  }
  const isLong = [shown.from, shown.to].some((moment) => comesTwice(moment, time.zone))
  const errorOf = (field: 'from' | 'to') => (problem?.field === field ? problem.text : undefined)
  return (
    <form onSubmit={apply} noValidate aria-label={t.time.absolute} className="grid gap-3">
      {/* Wide enough for a moment with seconds; on a narrow phone, or with an offset, one stands below the other. */}
      <div className={cx('grid gap-3', !isLong && 'grid-cols-[repeat(auto-fit,minmax(11rem,1fr))]')}>
        <TextField
          label={t.time.from}
          value={from.text}
          error={errorOf('from')}
          onChange={(event) => setFrom({ text: event.target.value })}
        />
        <TextField
          label={t.time.to}
          value={to.text}
          error={errorOf('to')}
          onChange={(event) => setTo({ text: event.target.value })}
        />
      </div>
      <div className="flex items-start gap-3">
        <p className="min-w-0 flex-1 text-xs text-dim">{t.time.formats}</p>
        <Button type="submit" look="primary">
          {t.time.apply}
        </Button>
      </div>
    </form>
  )
}

/** UTC and the browser's stand first: nearly always one of the two is meant. */
function ZoneField({ time }: { time: TimeContext }) {
  const { t } = useI18n()
  const [browser] = useState(browserZone)
  const [zones] = useState(() => Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'))
  return (
    <SelectField
      label={t.time.zone}
      value={zoneChoice(time.zone, browser)}
      choices={[
        { value: browser, label: t.time.zoneBrowser(browser) },
        { value: UTC, label: 'UTC' },
        ...zones.filter((zone) => zone !== browser).map((zone) => ({ value: zone, label: zone })),
      ]}
      onChange={(event) => time.setZone(event.target.value)}
    />
  )
}

const zoneChoice = (zone: Zone, browser: string): string =>
  zone === undefined ? browser : /^(?:etc\/)?utc$/i.test(zone) ? UTC : zone
