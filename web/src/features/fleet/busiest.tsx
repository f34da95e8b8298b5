import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ServerStatus } from '../../api/types'
import { Card } from '../../blocks/card'
import { connectionCounts } from '../../blocks/server-state'
import { ConnectionsSparkline } from '../../charts/sparkline'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { cutLinkClass, cx } from '../../ui/classes'

const SHOWN = 6

/** Where the work is: the most transactions first, with their share of the greatest. */
export function Busiest({ servers }: { servers: readonly ServerStatus[] }) {
  const { t, u } = useI18n()
  const busiest = useMemo(
    () =>
      servers
        .filter((server) => server.state !== 'unreachable' && server.transactions_per_second != null)
        .toSorted((a, b) => (b.transactions_per_second ?? 0) - (a.transactions_per_second ?? 0))
        .slice(0, SHOWN),
    [servers],
  )
  const most = busiest[0]?.transactions_per_second ?? 0
  if (busiest.length === 0) return null
  return (
    <Card title={t.fleet.busiest}>
      <ul className="grid grid-cols-[fit-content(50%)_minmax(2rem,1fr)_5rem] sm:grid-cols-[fit-content(45%)_minmax(2rem,1fr)_5rem_auto_auto]">
        {busiest.map((server) => (
          <li
            key={server.name}
            className="col-span-full grid grid-cols-subgrid items-center gap-x-3 border-b border-line px-3 py-1.5 last:border-b-0"
          >
            <Link to={paths.server(server.name)} title={server.name} className={cx(cutLinkClass, 'font-medium')}>
              {server.name}
            </Link>
            <Share value={server.transactions_per_second ?? 0} most={most} />
            <span className="text-right tabular-nums">{u.rate(server.transactions_per_second)}</span>
            <ConnectionsSparkline server={server.name} className="hidden sm:block" />
            <span className="hidden text-right whitespace-nowrap text-dim tabular-nums sm:block">
              {t.servers.connectionsShort(u.integer(connectionCounts(server)?.total))}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

const Share = (props: { value: number; most: number }) => (
  <span aria-hidden="true" className="h-1.5 min-w-0 flex-1 overflow-hidden rounded-full bg-sunken">
    <span
      className="block h-full rounded-full bg-(--chart-1)"
      style={{ width: `${props.most === 0 ? 0 : (props.value / props.most) * 100}%` }}
    />
  </span>
)
