import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { auditStatsQuery } from '../../api/admin-queries'
import { healthQuery, readinessQuery } from '../../api/queries'
import { Age } from '../../blocks/age'
import { Card, Facts } from '../../blocks/card'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { paths } from '../../lib/paths'
import { Badge, type Tone } from '../../ui/badge'
import { FormSkeleton } from '../../ui/skeleton'

/** How the host does, how it is guarded, and what it is: nothing here can be changed from within the page. */
export function HostCards() {
  const { t } = useI18n()
  return (
    <div className="mt-4 grid max-w-4xl items-start gap-4 lg:grid-cols-2">
      <Card title={t.settings.host}>
        <HostState />
      </Card>
      <div className="grid gap-4">
        <Card title={t.settings.security}>
          <Security />
        </Card>
        <Card title={t.settings.about}>
          <About />
        </Card>
      </div>
    </div>
  )
}

const TONES: Record<string, Tone> = { ok: 'ok', warning: 'warn', failed: 'bad' }

function HostState() {
  const { t, u } = useI18n()
  const ready = useQuery(readinessQuery())
  const health = useQuery(healthQuery()).data
  const names: Record<string, string> = t.settings.checks
  const states: Record<string, string> = t.settings.checkStates
  return (
    <QueryView query={ready} skeleton={<FormSkeleton />}>
      {({ checks }) => (
        <Facts
          items={[
            ...checks.map(({ name, status, detail }): [string, ReactNode] => [
              names[name] ?? name,
              <>
                <Badge tone={TONES[status] ?? 'idle'}>{states[status] ?? status}</Badge> {t.said(detail)}
              </>,
            ]),
            [t.settings.started, <Age key="started" at={health?.started_at} />],
            [t.settings.runsStarted, u.integer(health?.runs_started)],
            [t.settings.ticksSkipped, u.integer(health?.ticks_skipped)],
            [t.settings.reportsDropped, <Lost key="dropped" count={health?.reports_dropped} />],
            [t.settings.pools, u.integer(health?.pools_count)],
          ]}
        />
      )}
    </QueryView>
  )
}

function Lost({ count }: { count: number | undefined }) {
  const { u } = useI18n()
  return <span className={(count ?? 0) > 0 ? 'text-bad' : ''}>{u.integer(count)}</span>
}

/** Between a browser and a host on one machine nobody can listen. */
function Transport() {
  const { t } = useI18n()
  if (location.protocol === 'https:') return t.settings.encrypted
  return isSecureContext ? t.settings.plainHere : <span className="text-warn">{t.settings.plain}</span>
}

const linkClass = 'inline-flex min-h-[24px] items-center text-accent-strong hover:underline'

function Security() {
  const { t, u } = useI18n()
  const failed = useQuery(auditStatsQuery()).data?.failed_today
  return (
    <Facts
      items={[
        [t.settings.transport, <Transport key="transport" />],
        [
          t.settings.failedToday,
          <Link key="failed" to={paths.audit()} search={{ kind: 'login_failed' }} className={linkClass}>
            {u.integer(failed)}
          </Link>,
        ],
        [
          t.settings.whoMay,
          <Link key="users" to={paths.users()} className={linkClass}>
            {t.nav.users}
          </Link>,
        ],
        [
          t.settings.mySessions,
          <Link key="account" to={paths.account()} className={linkClass}>
            {t.nav.account}
          </Link>,
        ],
      ]}
    />
  )
}

/** The host serves these itself, also where nothing else can be reached. */
const DOCUMENTS = [
  [paths.apiSwagger(), 'Swagger UI'],
  [paths.apiRedoc(), 'Redoc'],
  [paths.apiDocument(), 'openapi.json'],
] as const

function About() {
  const { t } = useI18n()
  const version = useQuery(healthQuery()).data?.version
  return (
    <Facts
      items={[
        [t.settings.version, version === undefined ? t.common.unknown : `pgvigil ${version}`],
        [t.settings.licence, 'MIT'],
        [
          t.nav.apiDocs,
          <span key="documents" className="flex flex-wrap gap-x-3">
            {DOCUMENTS.map(([href, name]) => (
              <a key={href} href={href} target="_blank" rel="noopener" className={linkClass}>
                {name}
              </a>
            ))}
          </span>,
        ],
      ]}
    />
  )
}
