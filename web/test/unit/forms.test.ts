import { expect, test } from 'vitest'
import { ApiProblem } from '../../src/api/problem.ts'
import {
  checkDraft,
  draftOf,
  EMPTY_DRAFT,
  movedSecrets,
  ofTheForm,
  type ServerDraft,
  settingsOf,
} from '../../src/features/servers/server-draft.ts'
import { changedSettings, isValidSetting, ownIntervals } from '../../src/features/settings/settings-model.ts'
import { makeServers } from '../mock/data/servers.ts'

const filled = { ...EMPTY_DRAFT, name: 'pg-1', host: 'db.example', user: 'pgvigil' }

test('an empty form says what it needs', () => {
  expect(checkDraft(EMPTY_DRAFT)).toEqual({ name: 'required', host: 'required', user: 'required' })
})

test.each(['a/b', '..', 'имя', 'a b', 'x'.repeat(65)])('the name %s is refused', (name) => {
  expect(checkDraft({ ...filled, name })).toEqual({ name: 'name' })
})

test.each(['0', '65536', '54x', ''])('the port "%s" is refused', (port) => {
  expect(checkDraft({ ...filled, port })).toEqual({ port: 'port' })
})

test.each(['localhost', '::1', '127.0.0.1', '/var/run/postgresql'])('the host %s is fine', (host) => {
  expect(checkDraft({ ...filled, host })).toEqual({})
})

test('SSH that is switched off is not checked and not sent', () => {
  const draft = { ...filled, sshUser: 'monitor', sshPassword: 'secret', sshPort: 'x' }
  expect(checkDraft(draft)).toEqual({})
  expect(settingsOf(draft)).toMatchObject({ ssh_user: '', ssh_password: '', ssh_host: '', ssh_port: 22 })
})

test('tags are a list without empty ones', () => {
  expect(settingsOf({ ...filled, tags: ' a, ,b ,' }).tags).toEqual(['a', 'b'])
})

test('editing nothing sends back what is stored, with empty secrets', () => {
  const [server] = makeServers(1)
  if (server === undefined) throw new Error('no server')
  const sent = settingsOf(draftOf(server))
  expect(sent).toMatchObject({
    name: server.name,
    host: server.host,
    ssh_user: server.ssh_user,
    password: '',
    ssh_password: '',
  })
})

test('a stored password is only for where it was stored for', () => {
  const [stored] = makeServers(1)
  if (stored === undefined) throw new Error('no server')
  const moved = (change: Partial<ServerDraft>) => movedSecrets({ ...draftOf(stored), ...change }, stored)
  expect(moved({ host: ` ${stored.host} `, database: 'other' })).toEqual({ password: false, ssh_password: false })
  // SSH goes to the same host where it has none of its own.
  expect(moved({ host: 'elsewhere' })).toEqual({ password: true, ssh_password: true })
  expect(moved({ port: '5433' })).toEqual({ password: true, ssh_password: false })
  expect(moved({ user: 'other' })).toEqual({ password: true, ssh_password: false })
  expect(moved({ sshHost: 'elsewhere' })).toEqual({ password: false, ssh_password: true })
  expect(moved({ sshUser: 'other' })).toEqual({ password: false, ssh_password: true })
})

test('only settings that changed are sent', () => {
  const before = {
    collect_interval: '60',
    size_update_interval: '1800',
    db_check_interval: '300',
    retention_months: '12',
    audit_retention_days: '90',
    logs_retention_days: '30',
  }
  expect(changedSettings(before, { ...before, retention_months: '24' })).toEqual({ retention_months: 24 })
})

test.each(['59', '86401', '60.5', '', '-60', '1e3'])('%s is outside of 60 to 86400', (text) => {
  expect(isValidSetting({ min: 60, max: 86_400 }, text)).toBe(false)
})

test('what a test says of the settings within is said of the fields of the form', () => {
  const refused = new ApiProblem(422, 'settings.password: x', 'req-1', [{ field: 'settings.password', message: 'x' }])
  expect(ofTheForm(refused)).toMatchObject({ requestId: 'req-1', fields: [{ field: 'password', message: 'x' }] })
  const other = new Error('y')
  expect(ofTheForm(other)).toBe(other)
})

test('a plugin whose interval no setting gives does not follow the settings', () => {
  const setting = (value: string) => ({
    key: '',
    value,
    value_type: 'int',
    default: 0,
    description: '',
    updated_at: null,
    min: 0,
    max: 0,
    unit: 'seconds',
  })
  const settings = { collect_interval: setting('600'), size_update_interval: setting('7200') }
  expect(ownIntervals(settings, [{ interval_ms: 600_000 }, { interval_ms: 60_000 }, { interval_ms: 7_200_000 }])).toBe(
    1,
  )
})
