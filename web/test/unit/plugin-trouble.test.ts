import { expect, test } from 'vitest'
import { failureText, newestFailure } from '../../src/features/plugins/trouble-model.ts'
import { en } from '../../src/i18n/en/en.ts'
import { said } from '../../src/i18n/ru/host/index.ts'
import { makePlugins } from '../mock/data/plugins.ts'

const [sound] = makePlugins()
if (sound === undefined) throw new Error('no plugin')
const [run] = sound.last_runs
if (run === undefined) throw new Error('no server')

test('how many servers a plugin fails on is told in the words of the host, also in Russian', () => {
  const detail =
    'fails on 2 of 4 servers, runs less often there; quarantined on 1 of 4 servers: failed too often by its own fault'
  expect(said(detail)).toBe(
    'ошибки на серверах: 2 из 4, там запускается реже; в карантине на серверах: 1 из 4; слишком часто ошибался по своей вине',
  )
})

test('the newest failure is told with its server and its reason', () => {
  const failed = (server: string, started_at: string) =>
    ({ ...run, server, started_at, outcome: 'failed', reason: 'sql-failed', detail: 'no such table' }) as const
  const runs = [failed('old', '2026-01-01T00:00:00Z'), failed('new', '2026-01-01T00:01:00Z'), { ...run, server: 'ok' }]
  const newest = newestFailure({ ...sound, last_runs: runs })
  expect(newest && failureText(newest, en)).toBe('new: SQL failed: no such table')
  expect(newestFailure({ ...sound, last_runs: [run] })).toBeUndefined()
})
