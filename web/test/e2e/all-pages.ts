import { inject } from 'vitest'

/** Every page with something on it, and the ways in which one can look at it. */
const ALL: Record<string, string> = {
  fleet: '/',
  'fleet-disk': '/?by=disk',
  'fleet-history': '/?by=history&from=now-7d',
  setup: '/setup',
  'setup-sample': '/setup?server=orders-01',
  servers: '/servers',
  'servers-filtered': '/servers?state=unreachable&sort=-connections&version=16&tag=production',
  'servers-no-match': '/servers?q=nothing-is-called-so',
  'servers-columns': '/servers?col=state,tags,uptime,databases,checked',
  'server-new': '/servers/new',
  'server-edit': '/servers/billing-01/edit',
  server: '/servers/billing-01',
  'server-year': '/servers/billing-01?from=now-365d',
  'server-compared': '/servers/billing-01?from=now-6h&cmp=prev&tz=utc',
  'server-unreachable': '/servers/crm-01',
  'server-warning': '/servers/logistics-01',
  'server-pending': '/servers/stock-01',
  'server-missing': '/servers/nobody',
  databases: '/servers/billing-01/databases',
  database: '/servers/billing-01/db/app',
  'database-denied': '/servers/billing-01/db/keycloak',
  'database-gone': '/servers/billing-01/db/old_shop',
  analysis: '/servers/billing-01/analysis',
  sessions: '/servers/billing-01/sessions',
  'sessions-away': '/servers/crm-01/sessions',
  explore: '/explore',
  'explore-set': '/explore?server=billing-01&set=shop_orders',
  'explore-metric': '/explore?server=billing-01&set=shop_orders&metric=count&l=payment:paid&by=region',
  'explore-search': '/explore?q=age&set=pg_connections',
  'explore-unknown': '/explore?set=nothing',
  'server-metrics': '/servers/billing-01/metrics?set=pg_stat_activity',
  'server-events': '/servers/billing-01/events',
  'server-plugins': '/servers/billing-01/plugins',
  plugins: '/plugins',
  plugin: '/plugins/pg_stat_database',
  'plugin-grants': '/plugins/filesystem',
  'plugin-quarantined': '/plugins/replica_lag',
  'plugin-off': '/plugins/old_probe',
  'plugin-servers': '/plugins/pg_stat_database/servers',
  'plugin-runs': '/plugins/pg_stat_database/runs',
  'plugin-logs': '/plugins/pg_stat_database/logs',
  'plugin-metrics': '/plugins/pg_stat_database/metrics',
  'plugin-config': '/plugins/database_size/config',
  'plugin-costs': '/plugins/pg_stat_database/costs',
  'plugin-reloads': '/plugins/pg_stat_activity/reloads',
  'plugin-missing': '/plugins/nothing',
  'plugin-refused': '/plugins/my_queries',
  runs: '/runs',
  'runs-no-match': '/runs?server=nobody',
  events: '/events',
  settings: '/settings',
  users: '/users',
  'users-no-match': '/users?q=nobody',
  'ssh-keys': '/ssh-keys',
  audit: '/audit',
  'audit-empty': '/audit?q=nobody',
  logs: '/logs?from=now-7d',
  account: '/account',
  'not-found': '/no/such/page',
}

/** Only the mock has them. */
const OF_MOCK =
  /crm-01|logistics-01|stock-01|orders-01|keycloak|old_shop|shop_orders|set=pg_connections|replica_lag|old_probe|my_queries/

/** The same of the one server of a real host. */
function ofHost(server: string): Record<string, string> {
  const pages = Object.entries(ALL).filter(([, path]) => !OF_MOCK.test(path))
  const own = (path: string) => path.replace('billing-01', server).replace('/db/app', '/db/postgres')
  return Object.fromEntries(pages.map(([id, path]) => [id, own(path)]))
}

const host = inject('host')
export const PAGES = host === undefined ? ALL : ofHost(host.server)
