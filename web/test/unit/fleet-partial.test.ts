import { expect, test } from 'vitest'
import type { ServerStatus } from '../../src/api/types.ts'
import { absenceOf } from '../../src/blocks/server-state.tsx'
import { en } from '../../src/i18n/en/en.ts'
import { makeServers } from '../mock/data/servers.ts'

const [server] = makeServers(1)
if (server === undefined) throw new Error('no server')
const why = (part: Partial<ServerStatus>, set: string) => absenceOf({ ...server, ...part }, set, en)

test('a server that a sum leaves out has the reason that is known of it', () => {
  const denied = { plugin: 'p', sets: ['pg_stat_activity'], reason: 'denied' as const, detail: '', places: 1 }
  expect(why({ not_collected: [denied] }, 'pg_stat_activity')).toBe('denied')
  expect(why({ not_collected: [denied] }, 'pg_database_size')).toBe('not collected')
  expect(why({ state: 'warning', reason: 'ssh-failed', not_collected: [] }, 'filesystem')).toBe('SSH failed')
  expect(why({ state: 'unreachable', reason: 'unreachable' }, 'filesystem')).toBe('Unreachable')
  expect(why({ ssh_user: '', not_collected: [] }, 'filesystem')).toBe('SSH not set up')
})
