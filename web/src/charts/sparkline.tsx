import { useQuery } from '@tanstack/react-query'
import { sparkQuery } from '../api/history-queries'
import { useI18n } from '../i18n'
import { useSettled } from '../lib/settled'
import { cx } from '../ui/classes'
import { seriesFacts } from './facts'
import { sparkPath } from './spark-path'

const WIDTH = 72
const HEIGHT = 20

/** Connections of the last hours, without axes: whether it goes up, down or nowhere. */
export function ConnectionsSparkline(props: { server: string; className?: string }) {
  const { t, u } = useI18n()
  const query = useQuery({ ...sparkQuery(props.server), enabled: useSettled() })
  const values = query.data?.series[0]?.values
  const className = cx('h-5 w-[72px]', props.className ?? 'shrink-0')
  if (values === undefined || values.every((value) => value === null)) return <span className={className} />
  const { min, max } = seriesFacts(values)
  return (
    <svg
      role="img"
      aria-label={t.charts.sparkline(u.integer(min), u.integer(max))}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={className}
    >
      <path d={sparkPath(values, WIDTH, HEIGHT)} fill="none" className="stroke-(--chart-1)" strokeWidth="1.2" />
    </svg>
  )
}
