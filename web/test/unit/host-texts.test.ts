import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOST_TEXTS as RUSSIAN_LINES, said as saidInEnglish } from '../../src/i18n/en/host/index.ts'
import { HOST_TEXTS, said } from '../../src/i18n/ru/host/index.ts'

const ROOT = new URL('../../../', import.meta.url).pathname

const sources = (dir: string): string[] =>
  readdirSync(join(ROOT, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return ['target', 'tests', 'node_modules'].includes(entry.name) ? [] : sources(path)
    return entry.name.endsWith('.rs') ? [path] : []
  })

/** Without its tests and comments; what Rust writes over several lines is one text. */
const codeOf = (path: string): string =>
  (readFileSync(join(ROOT, path), 'utf8').split(/#\[cfg\(test\)\]\s*mod \w+ \{/)[0] ?? '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/\\\n\s*/g, '')

const PLACEHOLDERS = /(?:\{[\w.:#?]*\})+/g

/** However its parts are called. */
const shapeOf = (text: string): string => text.replaceAll('\\"', '"').replaceAll(PLACEHOLDERS, '{}')

const HOST = shapeOf([...sources('host'), ...sources('probes'), ...sources('sdk')].map(codeOf).join('\n'))

/** The system's and the standard library's words. */
const OF_OTHERS = /\(os error \{code\}\)$/

/** Put together in two places. */
const COMPOSED: Record<string, string[]> = {
  'the run had no time left for it; the next one begins with it': [
    'the run had no time left for it',
    '{}; the next one begins with it',
  ],
  'the databases before it used up what one run may bring, limits.values = {values} and limits.memory = {memory} MiB; the next one begins with it':
    [
      'the databases before it used up what one run may bring, {}',
      'limits.values = {} and limits.memory = {} MiB',
      '{}; the next one begins with it',
    ],
  'a row has the labels of an earlier one and is left out: {labels}': [
    'a row has the labels of an earlier one and is',
    '{} left out: {}',
  ],
  '{count} rows have the labels of earlier ones and are left out: {labels}': [
    '{} rows have the labels of earlier ones and are',
    '{} left out: {}',
  ],
  'a value is infinite and left out: metric `{metric}`, {labels}': [
    'a value is',
    '{} infinite and left out: metric `{}`, {}',
  ],
  '{count} values are infinite and left out: metric `{metric}`, {labels}': [
    '{} values are',
    '{} infinite and left out: metric `{}`, {}',
  ],
  'version {version} was {why}': ['"version"', '{} {} was {}'],
  'the configuration of {version} was {why}': ['"the configuration of"', '{} {} was {}'],
  'the one connection to {place} was not free within {ms} ms: {holder}': [
    '"the one connection to"',
    '{} {} was not free within {} ms: {}',
  ],
  'the one connection to other databases of {place} was not free within {ms} ms: {holder}': [
    '"the one connection to other databases of"',
    '{} {} was not free within {} ms: {}',
  ],
  'rolled back because its first runs failed where the version before worked ({reason}: {detail})': [
    'rolled back because its first runs failed where the version before worked ({}: {})',
  ],
}

/** Whoever changes a few words of the host need not know Russian; who comes next finds them named here. */
const LAG_MAX = 10

function lags(what: string, texts: readonly string[]) {
  if (texts.length > 0) console.warn(`${what}:\n  ${texts.join('\n  ')}`)
  expect(texts.length, what).toBeLessThanOrEqual(LAG_MAX)
}

test('what is translated is what the host says', () => {
  const stale = [...HOST_TEXTS, ...RUSSIAN_LINES]
    .map(([english]) => english)
    .filter((english) => {
      if (OF_OTHERS.test(english)) return false
      const parts = COMPOSED[english] ?? [shapeOf(english).replaceAll(/^(?:\{\})+|(?:\{\})+$/g, '')]
      return !parts.every((part) => HOST.includes(part))
    })
  lags('not said by the host any more', stale)
})

test('each text is there once, and its translation has all that the host names', () => {
  const texts = HOST_TEXTS.map(([english]) => english)
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([])
  const names = (text: string) => new Set(text.match(/\{\w+\}/g))
  const wrong = HOST_TEXTS.filter(([english, russian]) => [...names(russian)].some((name) => !names(english).has(name)))
  expect(wrong).toEqual([])
})

/** Whatever is said there can come to a page; what cannot is named. */
const SHOWN: Record<string, readonly string[]> = {
  'host/api/src/server_input.rs': [],
  'host/api/src/users.rs': ['User 7 was removed', 'email 7 -> 7'],
  'host/api/src/ssh_keys.rs': ['ssh keys', 'name 7 -> 7', 'SSH key 7 was removed', 'SSH key name'],
  'host/api/src/health.rs': [],
  // Those that are told by their kind, those of a sign-in, and what the document of the API says.
  'host/api/src/error.rs': [
    'there is no server called `7`',
    'there is no user called `7`',
    'there is no SSH key `7`',
    'a server called `7` exists already',
    'a user called `7` exists already',
    'an SSH key called `7` exists already',
    'this very key is stored already (fingerprint 7)',
    '7 is taken',
    'you cannot delete your own account; another admin can',
    'this would leave no active admin; make another user an admin first',
    'too many requests; try again in 7 s',
    'the host is busy; try again in 7 s',
    'server `7` did not answer within 7 s',
    'the host failed; its log says more under this request id',
    'Not authenticated',
    'Invalid token',
    'Token expired',
    'Invalid token type',
    'Token revoked',
    'Invalid credentials',
    'Refresh token missing',
    'Not acceptable as it stands',
    'Not signed in, or the token is no longer valid',
    'The role does not suffice, or the origin is foreign',
    'Nothing of this name or id is there',
    'Not possible in the state in which the plugin or the stored secret is',
    'The body is too large',
    'The body did not come in time; it may be sent again',
    'Some fields are not acceptable; `errors` says which',
    'Too many requests, or too many attempts to sign in; see Retry-After',
    'The host failed; its log says more',
    'The server, the store or the host itself is not available',
  ],
  'host/api/src/password.rs': ['cannot hash the password', 'hashing the password was cut short'],
  'host/model/src/ssh_key.rs': [],
  // Of the command line.
  'host/model/src/network.rs': [
    '`7` is not a network: use an address like 10.0.0.1 or ::1, or a prefix like 10.0.0.0/8',
  ],
  'host/model/src/plugin.rs': [],
  // Faults of ours, and parts of texts.
  'host/capabilities/src/postgres.rs': [
    'no connection pool',
    'a connection without its record',
    'the one connection to',
    '7 7 was not free within 7 ms: 7',
    'a lease without a connection',
    'the turns of other databases are over',
    'the one connection to other databases of',
    'a third database',
  ],
  // SQL, and what others say.
  'host/capabilities/src/postgres/connect.rs': [
    'set 7 = 7',
    'password missing',
    'unsupported startup parameter',
    'not valid for name',
  ],
  'host/capabilities/src/postgres/error.rs': ['grant connect on database 7 to 7'],
  'host/capabilities/src/postgres/meter.rs': [],
  'host/capabilities/src/postgres/steps.rs': [],
  'host/capabilities/src/postgres/stuck.rs': [],
  'host/capabilities/src/postgres/tls.rs': [],
  'host/capabilities/src/ssh.rs': ['a command without a channel'],
  'host/capabilities/src/ssh/connect.rs': [],
  'host/capabilities/src/ssh/steps.rs': [],
  'host/collector/src/run.rs': [],
  'host/collector/src/databases.rs': [],
  'host/runtime/src/permits.rs': ['ssh 7'],
  'host/runtime/src/host_calls.rs': [],
  // `settings changed, is not granted …`
  'host/src/changes.rs': ['settings changed7'],
  'host/src/registry.rs': ['ssh 7'],
  'host/src/chronicle.rs': ['the host'],
  'host/src/reload.rs': ['the configuration of', '7 7 was 7'],
  'probes/database_list/src/lib.rs': ['execute on function pg_catalog.pg_stat_file(text, boolean)'],
  'probes/database_size/src/lib.rs': ['expected auto, never or always', 'grant connect on database 7 to 7'],
  'probes/pg_stat_activity/src/lib.rs': [
    'idle in transaction',
    'idle in transaction (aborted)',
    'fastpath function call',
  ],
  'probes/ssh_disk_usage/src/lib.rs': [],
  // What df says.
  'probes/ssh_disk_usage/src/df.rs': [
    'illegal option',
    'invalid option',
    'unrecognized option',
    'unknown option',
    'Permission denied',
  ],
}

/** What goes to the log of the host, or is a reason for the compiler. */
const ASIDE =
  /(?:\b(?:trace|debug|info|warn|error|log)!\(|\.(?:expect|context)\(|\breason = |\bdescription = )[^;"]*"(?:[^"\\]|\\.)*"/g

/** Texts of two words and more, of which one is English. */
const textsIn = (path: string): string[] =>
  [
    ...codeOf(path)
      .replaceAll(ASIDE, '')
      .matchAll(/"((?:[^"\\]|\\.)*)"/g),
  ]
    .map(([, text = '']) => text)
    .filter((text) => /[a-z]{2,} [a-z`{]/.test(text))

const filled = (text: string): string => shapeOf(text).replaceAll('{}', '7')

test('all that a page can show is translated', () => {
  const left = Object.entries(SHOWN).flatMap(([path, kept]) =>
    textsIn(path)
      .map(filled)
      .filter((text) => said(text) === text && !kept.includes(text)),
  )
  lags('not translated yet', [...new Set(left)])
})

describe('a text of the host', () => {
  test.each([
    [
      'plugin `pg_stat_database`: cannot connect to 127.0.0.1:45999: Connection refused (os error 111); check that PostgreSQL runs there and listens (listen_addresses, port), and the firewall',
      'плагин `pg_stat_database`: нет соединения с 127.0.0.1:45999: в соединении отказано; проверьте, что PostgreSQL там запущен и слушает (listen_addresses, port), и сетевой экран',
    ],
    [
      'db:5432 refused the sign-in: password authentication failed for user "m"; check the password of role `m`',
      'db:5432 отказал во входе: password authentication failed for user "m"; проверьте пароль роли `m`',
    ],
    [
      "TLS with db:5432 failed (sslmode=verify-full): invalid peer certificate: UnknownIssuer; give the certificate of the authority that signed the server's (or its own, if it signed itself) as sslrootcert",
      'TLS с db:5432 не удался (sslmode=verify-full): invalid peer certificate: UnknownIssuer; укажите в sslrootcert сертификат центра, подписавшего сертификат сервера (или сам этот сертификат, если он подписан собой)',
    ],
    [
      'web:22 refused the key of `df` (it accepts: publickey, password); check user and the key, and ~/.ssh/authorized_keys there',
      'web:22 не принял вход пользователя `df` (ключ; принимает: publickey, password); проверьте: пользователь, ключ, ~/.ssh/authorized_keys там',
    ],
    [
      'a: added, 1.0.0 (3f9a1b2c), is not granted ssh = [["df"]]; b: removed; c: is refused: it is not a file',
      'a: добавлен, 1.0.0 (3f9a1b2c), не разрешено: ssh = [["df"]]; b: удалён; c: не принят: это не файл',
    ],
    [
      'in database `shop` (and 2 others): the query timed out',
      'в базе `shop` (и ещё в 2): запрос не закончился вовремя',
    ],
    [
      'name: is missing; port: is 0, but must be from 1 to 65535',
      'name: не указано; port: указано 0, а нужно от 1 до 65535',
    ],
    [
      'billing: cannot connect to 127.0.0.1:8799: Connection refused (os error 111); check that PostgreSQL runs there and listens (listen_addresses, port), and the firewall; shop: the query timed out, no SSH access is registered for this server; … +2',
      'billing: нет соединения с 127.0.0.1:8799: в соединении отказано; проверьте, что PostgreSQL там запущен и слушает (listen_addresses, port), и сетевой экран; shop: запрос не закончился вовремя, для этого сервера не задан доступ по SSH; … +2',
    ],
    [
      'broken: does not run: `enabled = false` in plugins.toml; b: removed',
      'broken: не работает: `enabled = false` в plugins.toml; b: удалён',
    ],
    ['Плагин filesystem: 1 ошибок из 1 серверов', 'Плагин filesystem: ошибок: 1, серверов: 1'],
    ['plugin `p` did what `q` does not', 'plugin `p` did what `q` does not'],
    ['grant pg_monitor to weak', 'grant pg_monitor to weak'],
    ['what no host has ever said', 'what no host has ever said'],
  ])('%s', (english, russian) => {
    expect(said(english)).toBe(russian)
  })
})

test('the reason within a text is in the language of the text', () => {
  const english =
    'rolled back because its first runs failed where the version before worked (trapped: the probe trapped: x)'
  expect(said(english)).toMatch(/\(проба упала: проба остановлена: x\)$/)
})

test('a line of the log that scripts know is read in English too', () => {
  expect(saidInEnglish('Плагин filesystem: 1 ошибок из 1 серверов')).toBe('Plugin filesystem: errors: 1, servers: 1')
  expect(saidInEnglish('Сбор статистики: 4 серверов ОК')).toBe('Statistics: servers OK: 4')
})

test('what the host puts together of several texts is translated as one', () => {
  expect(
    said(
      'the databases before it used up what one run may bring, limits.values = 50000 and limits.memory = 64 MiB; the next one begins with it',
    ),
  ).toBe(
    'базы перед ней исчерпали то, что может принести один запуск (limits.values = 50000, limits.memory = 64 МиБ); следующий запуск с неё начнёт',
  )
})
