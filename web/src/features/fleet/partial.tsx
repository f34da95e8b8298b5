import { Link } from '@tanstack/react-router'
import type { ServerStatus } from '../../api/types'
import { absenceOf } from '../../blocks/server-state'
import { useI18n } from '../../i18n'
import { groupBy } from '../../lib/group'
import { paths } from '../../lib/paths'
import { cutLinkClass } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { Popover } from '../../ui/popover'

/** More would not be read. */
const SHOWN = 10

/** The mark of a sum that leaves some servers out; behind it stands which, and why. */
export function Partial(props: { of: string; set: string; without: readonly ServerStatus[] }) {
  const { t } = useI18n()
  const { of, set, without } = props
  if (without.length === 0) return null
  const text = `${of}: ${t.fleet.without(without.length)}`
  return (
    <Popover
      label={text}
      align="start"
      triggerClass="relative z-10 grid size-6 shrink-0 place-items-center rounded-md text-warn hover:bg-sunken"
      trigger={
        <>
          <Icon name="warning" className="size-3.5" />
          <span className="sr-only">{text}</span>
        </>
      }
    >
      <div className="grid w-64 gap-2 p-3">
        <h2 className="font-semibold">{text}</h2>
        {[...groupBy(without, (server) => absenceOf(server, set, t))].map(([reason, servers]) => (
          <div key={reason}>
            <p className="text-xs text-dim">{reason}</p>
            <ul className="flex flex-wrap gap-x-3">
              {servers.slice(0, SHOWN).map(({ name }) => (
                <li key={name} className="min-w-0">
                  <Link to={paths.server(name)} title={name} className={cutLinkClass}>
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
            {servers.length > SHOWN && <p className="text-dim">{t.fleet.moreTrouble(servers.length - SHOWN)}</p>}
          </div>
        ))}
      </div>
    </Popover>
  )
}
