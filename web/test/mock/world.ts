import type { AnalysisCriteria, Health, OwnSession, Plugin, ServerStatus, SshKey, User } from '../../src/api/types.ts'
import { oneOf } from '../../src/lib/url-state.ts'
import { makeKeys, makeOwnSessions } from './data/admin.ts'
import { makeCriteria } from './data/analysis.ts'
import { makePlugins } from './data/plugins.ts'
import { makeServers } from './data/servers.ts'
import { makeSettings } from './data/settings.ts'
import { makeUsers } from './data/users.ts'
import type { EventStream } from './routes/stream.ts'

/** How a world begins; all of it is texts of a query: `/mock/reset?servers=1000`. */
export interface WorldOptions {
  servers: number
  /** How many runs are kept. */
  runs: number
  events: number
  /** How long an access token is valid. */
  tokenSeconds: number
  /** How the store does. */
  store: Health['store']
  /** What a reload comes to. */
  reload: 'applied' | 'refused'
}

/** What one browser sees and changes; tests that run side by side do not disturb each other. */
export interface World {
  options: WorldOptions
  users: User[]
  /** Of those whose password is not their name. */
  passwords: Map<string, string>
  keys: SshKey[]
  ownSessions: OwnSession[]
  plugins: Plugin[]
  servers: ServerStatus[]
  /** Servers that were added here, and how often their runs were asked for since: the first answer is empty. */
  added: Map<string, number>
  settings: ReturnType<typeof makeSettings>
  criteria: AnalysisCriteria
  /** Open event streams. */
  streams: Set<EventStream>
}

export const optionsFrom = (query: URLSearchParams): WorldOptions => ({
  servers: Number(query.get('servers') ?? 12),
  runs: Number(query.get('runs') ?? 40),
  events: Number(query.get('events') ?? 25),
  tokenSeconds: Number(query.get('token') ?? 3_600),
  store: oneOf(query.get('store'), ['ok', 'full', 'away']) ?? 'ok',
  reload: query.get('reload') === 'refused' ? 'refused' : 'applied',
})

export const makeWorld = (options: WorldOptions): World => ({
  options,
  users: makeUsers(),
  passwords: new Map(),
  keys: makeKeys(),
  ownSessions: makeOwnSessions(),
  plugins: makePlugins(),
  added: new Map(),
  servers: makeServers(options.servers),
  settings: makeSettings(),
  criteria: makeCriteria(),
  streams: new Set(),
})

const worlds = new Map<string, World>()

export function worldOf(id: string): World {
  const known = worlds.get(id)
  if (known !== undefined) return known
  const made = makeWorld(optionsFrom(new URLSearchParams()))
  worlds.set(id, made)
  return made
}

export const resetWorld = (id: string, options: WorldOptions) => worlds.set(id, makeWorld(options))
