import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { asProblem } from '../../api/problem'
import { databasesQuery } from '../../api/queries'
import type { DatabaseStatus } from '../../api/types'
import { AbsenceReason } from '../../blocks/absence'
import { Age } from '../../blocks/age'
import { Fact } from '../../blocks/card'
import { PageHeader } from '../../blocks/page-header'
import { NotFoundState, QueryView } from '../../blocks/state-view'
import { ChartCard } from '../../charts/chart-card'
import { DATABASE_CHARTS } from '../../charts/definitions'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { useParam } from '../../lib/router-hooks'
import { Badge } from '../../ui/badge'
import { buttonClass } from '../../ui/button'
import { Icon } from '../../ui/icon'
import { ChartsPageSkeleton } from '../../ui/skeleton'

export function DatabasePage() {
  const { t } = useI18n()
  const server = useParam('name')
  const name = useParam('db')
  const query = useQuery(databasesQuery(server))
  // A name may be used again after a drop: the one that exists counts.
  const found = query.data?.filter((database) => database.name === name) ?? []
  const database = found.find((one) => one.exists) ?? found[0]
  const isMissing = query.data === undefined ? asProblem(query.error).status === 404 : database === undefined
  return (
    <>
      <p className="mb-1">
        <Link to={paths.serverDatabases(server)} className="text-accent-strong hover:underline">
          ← {server}
        </Link>
      </p>
      <PageHeader title={name} tabTitle={`${name}, ${server}`} time={isMissing ? undefined : 'range'} />
      <QueryView query={query} skeleton={<ChartsPageSkeleton />}>
        {() =>
          database === undefined ? (
            <NotFoundState text={t.database.notFound(name)}>
              <Link to={paths.serverDatabases(server)} className={buttonClass('plain')}>
                {server}
              </Link>
            </NotFoundState>
          ) : (
            <Database server={server} database={database} />
          )
        }
      </QueryView>
    </>
  )
}

function Database(props: { server: string; database: DatabaseStatus }) {
  const { t, u } = useI18n()
  const { database, server } = props
  return (
    <>
      {!database.exists && (
        <div role="status" className="mb-3 flex items-center gap-2 rounded-md bg-sunken px-3 py-2">
          <Badge tone="idle" icon="minus">
            {t.databases.goneBadge}
          </Badge>
          {t.database.goneBanner(u.dateTime(database.gone_at ?? database.last_seen))}
        </div>
      )}
      {database.size_absence && (
        <div role="status" className="mb-3 flex gap-2 rounded-md bg-warn-soft px-3 py-2 text-warn">
          <Icon name="warning" className="mt-0.5 size-4 shrink-0" />
          <span className="min-w-0 break-words">
            {t.database.size}: {t.absenceReasons[database.size_absence.reason]}: {t.said(database.size_absence.detail)}
          </span>
        </div>
      )}
      <dl className="mb-3 grid grid-cols-2 gap-2 sm:grid-cols-3 lg:grid-cols-6">
        <Fact label={t.database.size} value={u.bytes(database.size_bytes)} note={<Age at={database.size_at} />} />
        <Fact
          label={t.database.connections}
          value={u.integer(database.connections)}
          note={<Age at={database.last_sample_at} />}
        />
        <Fact
          label={t.database.commits}
          value={u.rate(database.commits_per_second)}
          note={<Age at={database.last_sample_at} />}
        />
        <Fact
          label={t.database.created}
          value={u.date(database.creation_time)}
          note={
            <span className="whitespace-normal">
              {t.database.firstSeen}: {u.date(database.first_seen)}{' '}
              {database.creation_time == null && (
                <AbsenceReason server={server} set="pg_database_created" database={database.name} />
              )}
            </span>
          }
        />
        <Fact label={t.database.owner} value={database.owner ?? u.integer(null)} note={database.encoding} />
        <Fact label={t.database.lastSeen} value={<Age at={database.last_seen} />} note={`OID ${database.oid}`} />
      </dl>
      <div className="grid gap-3 md:grid-cols-2 2xl:grid-cols-3">
        {DATABASE_CHARTS.map((definition) => (
          <ChartCard key={definition.id} definition={definition} server={server} database={database.name} />
        ))}
      </div>
    </>
  )
}
