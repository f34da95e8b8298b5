/** Every link of the UI, in one place. Names are encoded here and nowhere else. */
const part = (name: string): string => encodeURIComponent(/^~*\.{1,2}$/.test(name) ? `~${name}` : name)

/** A name as `part` made it. `.` and `..` are names of databases too, and of no part of an address. */
export const nameOfPart = (text: string): string => (/^~+\.{1,2}$/.test(text) ? text.slice(1) : text)

export const paths = {
  home: () => '/',
  login: () => '/login',
  setup: () => '/setup',
  servers: () => '/servers',
  newServer: () => '/servers/new',
  server: (name: string) => `/servers/${part(name)}`,
  serverDatabases: (name: string) => `/servers/${part(name)}/databases`,
  serverAnalysis: (name: string) => `/servers/${part(name)}/analysis`,
  serverSessions: (name: string) => `/servers/${part(name)}/sessions`,
  serverPlugins: (name: string) => `/servers/${part(name)}/plugins`,
  serverMetrics: (name: string) => `/servers/${part(name)}/metrics`,
  serverEvents: (name: string) => `/servers/${part(name)}/events`,
  editServer: (name: string) => `/servers/${part(name)}/edit`,
  database: (server: string, database: string) => `/servers/${part(server)}/db/${part(database)}`,
  plugins: () => '/plugins',
  plugin: (name: string) => `/plugins/${part(name)}`,
  pluginRuns: (name: string) => `/plugins/${part(name)}/runs`,
  pluginServers: (name: string) => `/plugins/${part(name)}/servers`,
  pluginLogs: (name: string) => `/plugins/${part(name)}/logs`,
  pluginMetrics: (name: string) => `/plugins/${part(name)}/metrics`,
  pluginCosts: (name: string) => `/plugins/${part(name)}/costs`,
  pluginConfig: (name: string) => `/plugins/${part(name)}/config`,
  pluginReloads: (name: string) => `/plugins/${part(name)}/reloads`,
  runs: () => '/runs',
  run: (id: string) => `/runs/${part(id)}`,
  events: () => '/events',
  explore: () => '/explore',
  users: () => '/users',
  sshKeys: () => '/ssh-keys',
  audit: () => '/audit',
  logs: () => '/logs',
  settings: () => '/settings',
  account: () => '/account',
  /** Pages of the host itself, about its API. */
  apiSwagger: () => '/docs',
  apiRedoc: () => '/redoc',
  apiDocument: () => '/openapi.json',
} as const
