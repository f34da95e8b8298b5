import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { filesystemsQuery, serverQuery } from '../../api/queries'
import type { FilesystemStatus } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Age } from '../../blocks/age'
import { Card } from '../../blocks/card'
import { absenceOf, diskUsage } from '../../blocks/server-state'
import { QueryView } from '../../blocks/state-view'
import { UsageBar } from '../../blocks/usage-bar'
import { ChartCard } from '../../charts/chart-card'
import { SERVER_CHARTS } from '../../charts/definitions'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { canEditServers } from '../../lib/roles'
import { useParam } from '../../lib/router-hooks'
import { buttonClass } from '../../ui/button'
import { TableSkeleton } from '../../ui/skeleton'

export function OverviewTab() {
  const { t } = useI18n()
  const name = useParam('name')
  return (
    <>
      <div className="grid gap-3 md:grid-cols-2 2xl:grid-cols-3">
        {SERVER_CHARTS.map((definition) => (
          <ChartCard key={definition.id} definition={definition} server={name} />
        ))}
      </div>
      <Card title={t.server.filesystems} className="mt-3">
        <Filesystems name={name} />
      </Card>
    </>
  )
}

function Filesystems({ name }: { name: string }) {
  const query = useQuery(filesystemsQuery(name))
  return (
    <QueryView query={query} skeleton={<TableSkeleton rows={2} />}>
      {(filesystems) =>
        filesystems.length === 0 ? (
          <NoFilesystems name={name} />
        ) : (
          <ul className="grid gap-x-6 gap-y-4 p-3 sm:grid-cols-2 xl:grid-cols-3">
            {filesystems.map((filesystem) => (
              <Filesystem key={`${filesystem.purpose} ${filesystem.name}`} filesystem={filesystem} />
            ))}
          </ul>
        )
      }
    </QueryView>
  )
}

function NoFilesystems({ name }: { name: string }) {
  const { t } = useI18n()
  const mayEdit = canEditServers(useUser().role)
  const { data: server } = useQuery(serverQuery(name))
  if (server === undefined) return null
  const off = server.ssh_user === ''
  return (
    <div className="flex flex-wrap items-center gap-3 p-4 text-dim">
      <p className="min-w-0 flex-1 basis-60">
        {off ? t.server.filesystemsEmpty : t.server.filesystemsAbsent(absenceOf(server, 'filesystem', t))}
      </p>
      {!off && (
        <Link to={paths.serverPlugins(name)} className={buttonClass('plain')}>
          {t.server.tabs.plugins}
        </Link>
      )}
      {mayEdit && (
        <Link to={paths.editServer(name)} className={buttonClass('plain')}>
          {off ? t.server.filesystemsEmptyAction : t.server.filesystemsCheck}
        </Link>
      )}
    </div>
  )
}

function Filesystem({ filesystem }: { filesystem: FilesystemStatus }) {
  const { t, u } = useI18n()
  // As the tile above counts: what is reserved is not free for PostgreSQL either.
  const used = diskUsage({ free_space: filesystem.avail_bytes, total_space: filesystem.size_bytes })
  return (
    <li className="min-w-0">
      <div className="flex items-baseline justify-between gap-2">
        <span className="min-w-0 truncate font-medium" title={filesystem.path}>
          {filesystem.purpose}
          {filesystem.name !== '' && filesystem.name !== filesystem.purpose && ` ${filesystem.name}`}
        </span>
        <span>{used === null ? u.percent(null) : t.servers.diskFree(u.percent(1 - used))}</span>
      </div>
      {used !== null && <UsageBar used={used} className="my-1" />}
      <div className="truncate text-xs text-dim">
        {t.servers.diskFree(u.bytes(filesystem.avail_bytes))} / {u.bytes(filesystem.size_bytes)}
      </div>
      <div className="truncate text-xs text-dim" title={`${filesystem.device} ${filesystem.fstype}`}>
        {filesystem.mountpoint} · {filesystem.device} · <Age at={filesystem.at} />
      </div>
    </li>
  )
}
