import { useI18n } from '../i18n'
import { parseRange, RANGES, type RangeSearch, rangeToSearch } from '../lib/url-state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Segmented } from '../ui/segmented'

export function RangePicker(props: { search: RangeSearch; onChange: (search: RangeSearch) => void }) {
  const { t, u } = useI18n()
  const range = parseRange(props.search)
  return (
    <div className="flex flex-wrap items-center gap-2">
      {range.kind === 'absolute' && (
        <Button
          title={t.server.leaveCustom}
          aria-label={`${t.server.leaveCustom}: ${u.dateTime(range.from)} – ${u.dateTime(range.to)}`}
          onClick={() => props.onChange(rangeToSearch({ kind: 'relative', name: '24h' }))}
          className="whitespace-normal!"
        >
          {u.dateTime(range.from)} – {u.dateTime(range.to)}
          <Icon name="cross" className="size-3 shrink-0" />
        </Button>
      )}
      <Segmented
        label={t.server.range}
        value={range.kind === 'relative' ? range.name : undefined}
        segments={RANGES.map((name) => ({ value: name, label: t.rangesShort[name], title: t.ranges[name] }))}
        onChange={(name) => props.onChange(rangeToSearch({ kind: 'relative', name }))}
      />
    </div>
  )
}
