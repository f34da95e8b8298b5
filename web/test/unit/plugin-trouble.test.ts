import { expect, test } from 'vitest'
import type { Plugin } from '../../src/api/types.ts'
import { failureText, newestFailure, troubleText } from '../../src/features/plugins/trouble-model.ts'
import { en } from '../../src/i18n/en/en.ts'
import { ru } from '../../src/i18n/ru/ru.ts'
import { makePlugins } from '../mock/data/plugins.ts'

const [sound] = makePlugins()
if (sound === undefined) throw new Error('no plugin')
const [entry] = sound.on_servers
const [run] = sound.last_runs
if (entry === undefined || run === undefined) throw new Error('no server')

const plugin = (states: readonly Plugin['on_servers'][number]['state'][], part: Partial<Plugin> = {}): Plugin => ({
  ...sound,
  state: 'degraded',
  state_detail: 'as the host puts it',
  on_servers: states.map((state, index) => ({ ...entry, server: `s${index}`, state })),
  ...part,
})

test('of a plugin that fails it is counted where, the most first', () => {
  expect(troubleText(plugin(['backed-off']), en)).toBe('Fails on 1 of 1 server, runs less often there')
  expect(troubleText(plugin(['backed-off']), ru)).toBe('Ошибки на 1 из 1 сервера, там запускается реже')
  expect(troubleText(plugin(['quarantined', 'waiting', 'backed-off', 'backed-off']), en)).toBe(
    'Fails on 2 of 4 servers, runs less often there; Quarantined on 1 of 4 servers: it failed too often by its own fault',
  )
})

test('what the page cannot count is told in the words of the host', () => {
  expect(troubleText(plugin(['waiting']), en)).toBe('as the host puts it')
  expect(troubleText(plugin(Array.from({ length: 100 }, () => 'backed-off' as const)), en)).toBe('as the host puts it')
  expect(troubleText(plugin(['backed-off'], { state: 'disabled' }), en)).toBe('as the host puts it')
  expect(troubleText(plugin(['waiting'], { state_detail: null }), en)).toBeNull()
})

test('the newest failure is told with its server and its reason', () => {
  const failed = (server: string, started_at: string) =>
    ({ ...run, server, started_at, outcome: 'failed', reason: 'sql-failed', detail: 'no such table' }) as const
  const runs = [failed('old', '2026-01-01T00:00:00Z'), failed('new', '2026-01-01T00:01:00Z'), { ...run, server: 'ok' }]
  const newest = newestFailure({ ...sound, last_runs: runs })
  expect(newest && failureText(newest, en)).toBe('new: SQL failed: no such table')
  expect(newestFailure({ ...sound, last_runs: [run] })).toBeUndefined()
})
