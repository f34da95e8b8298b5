import { Link } from '@tanstack/react-router'
import { Card } from '../../blocks/card'
import { ServerStateBadge, useServerCause } from '../../blocks/server-state'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { Badge } from '../../ui/badge'
import { cutLinkClass, cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import type { Judged, Trouble } from './fleet-model'

/** More would not be at a glance. */
const SHOWN = 10

/** What needs somebody, the worst first; where nothing does, that is said. */
export function WorstList(props: { worst: readonly Judged[]; incomplete: readonly string[]; all: number }) {
  const { t } = useI18n()
  const { worst } = props
  const more = worst.length - SHOWN
  return (
    <Card title={t.fleet.worst}>
      {worst.length === 0 ? (
        <p className="flex items-center gap-2.5 p-4">
          <span className="grid size-7 place-items-center rounded-full bg-ok-soft text-ok">
            <Icon name="check" />
          </span>
          {props.incomplete.length === 0 ? t.fleet.allWell(props.all) : t.fleet.allAnswer(props.all)}
        </p>
      ) : (
        <ul className="grid sm:grid-cols-[fit-content(45%)_fit-content(50%)_minmax(0,1fr)]">
          {worst.slice(0, SHOWN).map((one) => (
            <WorstRow key={one.server.name} judged={one} />
          ))}
        </ul>
      )}
      <Incomplete servers={props.incomplete} />
      {more > 0 && (
        <p className="border-t border-line px-3 py-2">
          <Link
            to={paths.servers()}
            search={(previous: Record<string, unknown>) => ({ ...previous, sort: 'state' })}
            className="text-accent-strong hover:underline"
          >
            {t.fleet.moreTrouble(more)}
          </Link>
        </p>
      )}
    </Card>
  )
}

/** They answer, but not all is known of them. */
function Incomplete({ servers }: { servers: readonly string[] }) {
  const { t } = useI18n()
  if (servers.length === 0) return null
  return (
    <p className="flex flex-wrap items-center gap-x-2 border-t border-line px-3 py-2">
      <span className="text-warn">{t.fleet.incomplete(servers.length)}</span>
      {servers.slice(0, SHOWN).map((name) => (
        <Link key={name} to={paths.server(name)} title={name} className={cutLinkClass}>
          {name}
        </Link>
      ))}
      {servers.length > SHOWN && <span className="text-dim">{t.fleet.moreTrouble(servers.length - SHOWN)}</span>}
    </p>
  )
}

function WorstRow({ judged }: { judged: Judged }) {
  const { server, troubles } = judged
  return (
    <li className="col-span-full flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5 border-b border-line px-3 py-2 last:border-b-0 sm:grid sm:grid-cols-subgrid">
      <Link to={paths.server(server.name)} title={server.name} className={cx(cutLinkClass, 'font-medium')}>
        {server.name}
      </Link>
      <span className="flex flex-wrap gap-1">
        <ServerStateBadge server={server} />
        {troubles.map((trouble) => (
          <TroubleBadge key={trouble.kind} trouble={trouble} />
        ))}
      </span>
      <Cause judged={judged} />
    </li>
  )
}

function TroubleBadge({ trouble }: { trouble: Trouble }) {
  const { t, u } = useI18n()
  return trouble.kind === 'disk' ? (
    <Badge tone="bad" icon="warning">
      {t.fleet.diskFull(u.percent(trouble.used))}
    </Badge>
  ) : (
    <Badge tone="warn">{t.servers.stale}</Badge>
  )
}

function Cause({ judged }: { judged: Judged }) {
  const { t } = useI18n()
  const cause = useServerCause(judged.server)
  if (cause === '') return null
  return (
    <span className="min-w-0 flex-1 basis-48 truncate text-dim" title={t.said(judged.server.detail ?? '')}>
      {cause}
    </span>
  )
}
