/** Every link of the UI, in one place. Names are encoded here and nowhere else. */
const part = encodeURIComponent

export const paths = {
  home: () => '/',
  login: () => '/login',
  servers: () => '/servers',
  newServer: () => '/servers/new',
  server: (name: string) => `/servers/${part(name)}`,
  serverDatabases: (name: string) => `/servers/${part(name)}/databases`,
  serverSessions: (name: string) => `/servers/${part(name)}/sessions`,
  serverRuns: (name: string) => `/servers/${part(name)}/runs`,
  editServer: (name: string) => `/servers/${part(name)}/edit`,
  database: (server: string, database: string) => `/servers/${part(server)}/db/${part(database)}`,
  plugins: () => '/plugins',
  plugin: (name: string) => `/plugins/${part(name)}`,
  runs: () => '/runs',
  events: () => '/events',
  settings: () => '/settings',
} as const
