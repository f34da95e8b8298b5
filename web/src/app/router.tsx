import { createRootRoute, createRoute, createRouter, retainSearchParams } from '@tanstack/react-router'
import { parseSearch, stringifySearch } from '../lib/search-text'
import { TIME_KEYS } from '../lib/time-range'
import { CrashPage } from './crash'
import { lazyPage, lazyTab } from './lazy-page'
import { NotFoundPage } from './not-found'
import { Shell } from './shell'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
  // One time context for all pages: every link takes it along.
  search: { middlewares: [retainSearchParams<Record<string, unknown>>([...TIME_KEYS])] },
})

// Whoever is signed out sees the form at every address; this one is for bookmarks.
const login = createRoute({ getParentRoute: () => root, path: '/login', component: () => null })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyPage(() => import('../features/fleet/fleet-page'), 'FleetPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyPage(() => import('../features/setup/setup-page'), 'SetupPage'),
})

const servers = createRoute({
  getParentRoute: () => root,
  path: '/servers',
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
  component: lazyTab(() => import('../features/server/databases-tab'), 'DatabasesTab'),
})

const serverAnalysis = createRoute({
  getParentRoute: () => server,
  path: '/analysis',
  component: lazyTab(() => import('../features/server/analysis-tab'), 'AnalysisTab'),
})

const serverSessions = createRoute({
  getParentRoute: () => server,
  path: '/sessions',
  component: lazyTab(() => import('../features/server/sessions-tab'), 'SessionsTab'),
})

const serverMetrics = createRoute({
  getParentRoute: () => server,
  path: '/metrics',
  component: lazyTab(() => import('../features/server/metrics-tab'), 'MetricsTab'),
})

const serverEvents = createRoute({
  getParentRoute: () => server,
  path: '/events',
  component: lazyTab(() => import('../features/server/events-tab'), 'EventsTab'),
})

const serverPlugins = createRoute({
  getParentRoute: () => server,
  path: '/plugins',
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
  component: lazyTab(() => import('../features/plugins/servers-tab'), 'PluginServersTab'),
})

const pluginRuns = createRoute({
  getParentRoute: () => plugin,
  path: '/runs',
  component: lazyTab(() => import('../features/plugins/runs-tab'), 'PluginRunsTab'),
})

const pluginLogs = createRoute({
  getParentRoute: () => plugin,
  path: '/logs',
  component: lazyTab(() => import('../features/plugins/logs-tab'), 'PluginLogsTab'),
})

const pluginCosts = createRoute({
  getParentRoute: () => plugin,
  path: '/costs',
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
  component: lazyPage(() => import('../features/runs/runs-page'), 'RunsPage'),
})

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  component: lazyPage(() => import('../features/events/events-page'), 'EventsPage'),
})

const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore',
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
  component: lazyPage(() => import('../features/users/users-page'), 'UsersPage'),
})

const sshKeys = createRoute({
  getParentRoute: () => root,
  path: '/ssh-keys',
  component: lazyPage(() => import('../features/keys/keys-page'), 'KeysPage'),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyPage(() => import('../features/audit/audit-page'), 'AuditPage'),
})

const logs = createRoute({
  getParentRoute: () => root,
  path: '/logs',
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
