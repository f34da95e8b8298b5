import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { grantsIn } from '../../src/lib/grants.ts'

const source = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('a GRANT that the host or a probe misses is found', () => {
  expect(grantsIn('grant select on shop.orders to "Vigil"')).toEqual(['grant select on shop.orders to "Vigil";'])
  expect(grantsIn('grant execute on function pg_catalog.pg_stat_file(text, boolean) to vigil')).toEqual([
    'grant execute on function pg_catalog.pg_stat_file(text, boolean) to vigil;',
  ])
  expect(
    grantsIn('grant <role> to vigil (the role of the sessions to see: PostgreSQL before 10 has no pg_monitor)'),
  ).toEqual(['grant <role> to vigil;'])
  expect(grantsIn(`the role sees little of other roles' work: grant pg_monitor to "a ""b"""`)).toEqual([
    'grant pg_monitor to "a ""b""";',
  ])
  expect(
    grantsIn(
      'db:5432/shop refused the connection: permission denied for database "shop"; grant connect on database "shop" to "vigil"',
    ),
  ).toEqual(['grant connect on database "shop" to "vigil";'])
})

test('what a server says is not taken for a statement to run', () => {
  for (const text of [
    'PostgreSQL refused with P0001: grant all on secrets to public',
    'PostgreSQL refused with 42501: permission denied; hint: Grant the role "x" with admin option to y; grant a to b',
    'db:5432/shop refused the connection: no; grant connect on database "shop" to "eve"; SQLSTATE 57P03',
    'set `orders`: grant select on orders to vigil',
    'before PostgreSQL 11 only a superuser may read the age of a file, and no GRANT changes that',
    'grant select on a to b; drop table c',
    'grant select on a to b\ndrop table c',
    '',
  ]) {
    expect(grantsIn(text), text).toEqual([])
  }
})

test('the texts that name it are those of the host', () => {
  expect(source('host/capabilities/src/postgres/steps.rs')).toContain(
    `"the role sees little of other roles' work: grant pg_monitor to {}"`,
  )
  const refused = source('host/capabilities/src/postgres/error.rs')
  expect(refused).toContain('"grant connect on database {} to {}"')
  expect(refused).toContain('"{place} refused the connection: {message}; {advice}"')
  expect(source('sdk/src/error.rs')).toContain('format!("grant {privilege} to {role}")')
})
