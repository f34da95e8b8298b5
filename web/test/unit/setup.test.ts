import { expect, test } from 'vitest'
import { newestOfEach } from '../../src/features/setup/newest.ts'
import { nameFromHost, roleSql } from '../../src/features/setup/role-sql.ts'
import { makePassword, passwordProblem } from '../../src/lib/password.ts'
import { makeRuns } from '../mock/data/plugins.ts'

test('a role that is a word of SQL, and one and a password with difficult signs, do not end the statement', () => {
  expect(roleSql('pgvigil', 'simple', 'pg_monitor', 'shop')).toBe(
    [
      `create role "pgvigil" login password 'simple';`,
      `grant pg_monitor to "pgvigil";`,
      `-- In database "shop", for the times when databases were created; PostgreSQL 11 and later.`,
      `grant execute on function pg_catalog.pg_stat_file(text, boolean) to "pgvigil";`,
    ].join('\n'),
  )
  expect(roleSql('order', 'x', 'pg_monitor', 'postgres')).toContain('grant pg_monitor to "order";')
  expect(roleSql('O"Neil', "a'; drop table x; --", 'old', 'postgres')).toContain(
    `create role "O""Neil" login password 'a''; drop table x; --';`,
  )
})

test.each([
  ['db-1.example.org', 'db-1'],
  ['10.0.0.5', '10.0.0.5'],
  ['fe80::1', 'fe80-1'],
  ['/var/run/postgresql', 'local'],
  ['имя.рф', '-'],
])('a server at %s is called %s at first', (host, name) => {
  expect(nameFromHost(host)).toBe(name)
})

test('of each plugin the newest run counts', () => {
  const runs = makeRuns().filter((run) => run.server === 'billing-01')
  const newest = newestOfEach(runs)
  expect(newest.map((run) => run.plugin)).toEqual(['database_size', 'filesystem', 'pg_stat_database'])
  expect(newest[2]).toBe(runs[0])
})

test('passwords that are made are good ones, and never the same', () => {
  const made = Array.from({ length: 200 }, makePassword)
  expect(made.every((password) => passwordProblem(password) === undefined)).toBe(true)
  expect(new Set(made).size).toBe(200)
})

test.each([
  ['short1', 'short'],
  ['nothing but letters', 'plain'],
  ['1234567890', 'plain'],
  [`${'я'.repeat(40)}1`, 'long'],
  ['пароль-1234', undefined],
])('the password %s is %s', (password, expected) => {
  expect(passwordProblem(password)).toBe(expected)
})
