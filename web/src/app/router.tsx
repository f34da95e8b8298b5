import { createRootRoute, createRoute, createRouter, retainSearchParams } from '@tanstack/react-router'
import { parseSearch, stringifySearch } from '../lib/search-text'
import { TIME_KEYS, validateTime } from '../lib/time-range'
import { oneOf, searchText } from '../lib/url-state'
import { CrashPage } from './crash'
import { lazyPage, lazyTab } from './lazy-page'
import { NotFoundPage } from './not-found'
import { Shell } from './shell'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
  validateSearch: validateTime,
  // One time context for all pages: every link takes it along.
  search: { middlewares: [retainSearchParams([...TIME_KEYS])] },
})

// Whoever is signed out sees the form at every address; this one is for bookmarks.
const login = createRoute({ getParentRoute: () => root, path: '/login', component: () => null })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (search: Record<string, unknown>) => ({ by: searchText(search.by) }),
  component: lazyPage(() => import('../features/fleet/fleet-page'), 'FleetPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>) => ({ server: searchText(search.server) }),
  component: lazyPage(() => import('../features/setup/setup-page'), 'SetupPage'),
})

export interface ListSearch {
  q?: string | undefined
  sort?: string | undefined
  state?: string | undefined
  /** Columns, where others than usual were chosen. */
  col?: string | undefined
}

const validateList = (search: Record<string, unknown>): ListSearch => ({
  q: searchText(search.q),
  sort: searchText(search.sort),
  state: searchText(search.state),
  col: searchText(search.col),
})

export interface SessionsSearch extends ListSearch {
  /** What they wait for: `Lock: transactionid`. */
  wait?: string | undefined
  /** Seconds between two readings. */
  every?: string | undefined
}

export interface ServersSearch extends ListSearch {
  version?: string | undefined
  tag?: string | undefined
}

const servers = createRoute({
  getParentRoute: () => root,
  path: '/servers',
  validateSearch: (search: Record<string, unknown>): ServersSearch => ({
    ...validateList(search),
    version: searchText(search.version),
    tag: searchText(search.tag),
  }),
  component: lazyPage(() => import('../features/servers/servers-page'), 'ServersPage'),
})

const newServer = createRoute({
  getParentRoute: () => root,
  path: '/servers/new',
  component: lazyPage(() => import('../features/servers/server-form-page'), 'NewServerPage'),
})

const editServer = createRoute({
  getParentRoute: () => root,
  path: '/servers/$name/edit',
  component: lazyPage(() => import('../features/servers/server-form-page'), 'EditServerPage'),
})

const server = createRoute({
  getParentRoute: () => root,
  path: '/servers/$name',
  component: lazyPage(() => import('../features/server/server-page'), 'ServerPage'),
})

const serverOverview = createRoute({
  getParentRoute: () => server,
  path: '/',
  component: lazyTab(() => import('../features/server/overview-tab'), 'OverviewTab'),
})

const serverDatabases = createRoute({
  getParentRoute: () => server,
  path: '/databases',
  validateSearch: validateList,
  component: lazyTab(() => import('../features/server/databases-tab'), 'DatabasesTab'),
})

const serverAnalysis = createRoute({
  getParentRoute: () => server,
  path: '/analysis',
  validateSearch: (search: Record<string, unknown>) => ({
    q: searchText(search.q),
    verdict: searchText(search.verdict),
    sort: searchText(search.sort),
  }),
  component: lazyTab(() => import('../features/server/analysis-tab'), 'AnalysisTab'),
})

const serverSessions = createRoute({
  getParentRoute: () => server,
  path: '/sessions',
  validateSearch: (search: Record<string, unknown>): SessionsSearch => ({
    ...validateList(search),
    wait: searchText(search.wait),
    every: searchText(search.every),
  }),
  component: lazyTab(() => import('../features/server/sessions-tab'), 'SessionsTab'),
})

const validateExplore = (search: Record<string, unknown>) => ({
  server: searchText(search.server),
  q: searchText(search.q),
  set: searchText(search.set),
  metric: searchText(search.metric),
  l: searchText(search.l),
  by: searchText(search.by),
})

const serverMetrics = createRoute({
  getParentRoute: () => server,
  path: '/metrics',
  validateSearch: validateExplore,
  component: lazyTab(() => import('../features/server/metrics-tab'), 'MetricsTab'),
})

export interface EventsSearch {
  kind?: string | undefined
  server?: string | undefined
  /** The event after which a long list is read on. */
  before?: string | undefined
}

const validateEvents = (search: Record<string, unknown>): EventsSearch => ({
  kind: searchText(search.kind),
  server: searchText(search.server),
  before: /^\d+$/.exec(searchText(search.before) ?? '')?.[0],
})

const serverEvents = createRoute({
  getParentRoute: () => server,
  path: '/events',
  validateSearch: validateEvents,
  component: lazyTab(() => import('../features/server/events-tab'), 'EventsTab'),
})

const RUN_OUTCOMES = ['collected', 'not-applicable', 'failed'] as const

export interface RunsSearch {
  outcome?: (typeof RUN_OUTCOMES)[number] | undefined
  server?: string | undefined
  plugin?: string | undefined
  /** The run after which a long list is read on. */
  before?: string | undefined
}

const validateRuns = (search: Record<string, unknown>): RunsSearch => ({
  outcome: oneOf(search.outcome, RUN_OUTCOMES),
  server: searchText(search.server),
  plugin: searchText(search.plugin),
  before: searchText(search.before),
})

const validateCosts = (search: Record<string, unknown>) => ({ costs: searchText(search.costs) })

const serverPlugins = createRoute({
  getParentRoute: () => server,
  path: '/plugins',
  validateSearch: (search: Record<string, unknown>) => ({ ...validateRuns(search), ...validateCosts(search) }),
  component: lazyTab(() => import('../features/server/plugins-tab'), 'PluginsTab'),
})

const database = createRoute({
  getParentRoute: () => root,
  path: '/servers/$name/db/$db',
  component: lazyPage(() => import('../features/database/database-page'), 'DatabasePage'),
})

const plugins = createRoute({
  getParentRoute: () => root,
  path: '/plugins',
  validateSearch: (search: Record<string, unknown>) => ({
    q: searchText(search.q),
    state: searchText(search.state),
    sort: searchText(search.sort),
  }),
  component: lazyPage(() => import('../features/plugins/plugins-page'), 'PluginsPage'),
})

const plugin = createRoute({
  getParentRoute: () => root,
  path: '/plugins/$name',
  component: lazyPage(() => import('../features/plugins/plugin-page'), 'PluginPage'),
})

const pluginOverview = createRoute({
  getParentRoute: () => plugin,
  path: '/',
  component: lazyTab(() => import('../features/plugins/overview-tab'), 'PluginOverviewTab'),
})

const pluginServers = createRoute({
  getParentRoute: () => plugin,
  path: '/servers',
  validateSearch: (search: Record<string, unknown>) => ({ sort: searchText(search.sort) }),
  component: lazyTab(() => import('../features/plugins/servers-tab'), 'PluginServersTab'),
})

const pluginRuns = createRoute({
  getParentRoute: () => plugin,
  path: '/runs',
  validateSearch: validateRuns,
  component: lazyTab(() => import('../features/plugins/runs-tab'), 'PluginRunsTab'),
})

const pluginLogs = createRoute({
  getParentRoute: () => plugin,
  path: '/logs',
  validateSearch: (search: Record<string, unknown>) => ({ q: searchText(search.q), level: searchText(search.level) }),
  component: lazyTab(() => import('../features/plugins/logs-tab'), 'PluginLogsTab'),
})

const pluginCosts = createRoute({
  getParentRoute: () => plugin,
  path: '/costs',
  validateSearch: validateCosts,
  component: lazyTab(() => import('../features/plugins/costs-tab'), 'PluginCostsTab'),
})

const pluginMetrics = createRoute({
  getParentRoute: () => plugin,
  path: '/metrics',
  component: lazyTab(() => import('../features/plugins/metrics-tab'), 'PluginMetricsTab'),
})

const pluginConfig = createRoute({
  getParentRoute: () => plugin,
  path: '/config',
  component: lazyTab(() => import('../features/plugins/config-tab'), 'PluginConfigTab'),
})

const pluginReloads = createRoute({
  getParentRoute: () => plugin,
  path: '/reloads',
  component: lazyTab(() => import('../features/plugins/reloads-tab'), 'PluginReloadsTab'),
})

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: validateRuns,
  component: lazyPage(() => import('../features/runs/runs-page'), 'RunsPage'),
})

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: validateEvents,
  component: lazyPage(() => import('../features/events/events-page'), 'EventsPage'),
})

const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore',
  validateSearch: validateExplore,
  component: lazyPage(() => import('../features/explore/explore-page'), 'ExplorePage'),
})

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyPage(() => import('../features/settings/settings-page'), 'SettingsPage'),
})

const users = createRoute({
  getParentRoute: () => root,
  path: '/users',
  validateSearch: (search: Record<string, unknown>) => ({
    q: searchText(search.q),
    role: searchText(search.role),
    sort: searchText(search.sort),
  }),
  component: lazyPage(() => import('../features/users/users-page'), 'UsersPage'),
})

const sshKeys = createRoute({
  getParentRoute: () => root,
  path: '/ssh-keys',
  validateSearch: (search: Record<string, unknown>) => ({ q: searchText(search.q), sort: searchText(search.sort) }),
  component: lazyPage(() => import('../features/keys/keys-page'), 'KeysPage'),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>) => ({
    q: searchText(search.q),
    kind: searchText(search.kind),
    page: searchText(search.page),
  }),
  component: lazyPage(() => import('../features/audit/audit-page'), 'AuditPage'),
})

const logs = createRoute({
  getParentRoute: () => root,
  path: '/logs',
  validateSearch: (search: Record<string, unknown>) => ({
    q: searchText(search.q),
    level: searchText(search.level),
    source: searchText(search.source),
    page: searchText(search.page),
  }),
  component: lazyPage(() => import('../features/logs/logs-page'), 'LogsPage'),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyPage(() => import('../features/account/account-page'), 'AccountPage'),
})

const routeTree = root.addChildren([
  home,
  login,
  setup,
  servers,
  newServer,
  editServer,
  server.addChildren([
    serverOverview,
    serverDatabases,
    serverAnalysis,
    serverSessions,
    serverPlugins,
    serverMetrics,
    serverEvents,
  ]),
  database,
  plugins,
  plugin.addChildren([
    pluginOverview,
    pluginServers,
    pluginRuns,
    pluginLogs,
    pluginMetrics,
    pluginCosts,
    pluginConfig,
    pluginReloads,
  ]),
  runs,
  events,
  explore,
  settings,
  users,
  sshKeys,
  audit,
  logs,
  account,
])

export const createAppRouter = () =>
  createRouter({ routeTree, parseSearch, stringifySearch, scrollRestoration: true, defaultPreload: 'intent' })
