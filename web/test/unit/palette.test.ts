import { expect, test } from 'vitest'
import { type Command, findCommands, score, searchedWords } from '../../src/app/palette-model.ts'

const command = (label: string, group = 'Servers', more: Partial<Command> = {}): Command => ({
  id: label,
  group,
  label,
  icon: 'server',
  run: () => {},
  ...more,
})

test('the start of a name counts more than its middle, and that more than what is beside it', () => {
  const found = findCommands(
    [
      command('db-orders', 'Servers', { words: 'prod' }),
      command('orders-db'),
      command('x', 'Servers', { hint: 'orders' }),
      command('reorders'),
    ],
    'orders',
  )
  expect(found.map((one) => one.label)).toEqual(['orders-db', 'db-orders', 'reorders', 'x'])
})

test('every word must be found', () => {
  expect(score(command('billing-01', 'Servers', { words: 'production' }), 'bill prod')).toBeGreaterThan(0)
  expect(score(command('billing-01'), 'bill prod')).toBe(0)
})

test('signs of expressions are only signs', () => {
  expect(score(command('a.b'), '(')).toBe(0)
  expect(score(command('a(b'), '(')).toBeGreaterThan(0)
})

test('a group does not crowd out the others', () => {
  const many = Array.from({ length: 50 }, (_, index) => command(`pg-${index}`))
  const found = findCommands([...many, command('Pages of pg', 'Pages')], 'pg')
  expect(found.filter((one) => one.group === 'Servers')).toHaveLength(7)
  expect(found.at(-1)?.group).toBe('Pages')
})

test('the host is asked for words, not for letters, and for few of them', () => {
  expect(searchedWords(' Shop  a pg15 shop ')).toEqual(['shop', 'pg15'])
  expect(searchedWords('x')).toEqual([])
  expect(searchedWords('aa bb cc dd')).toEqual(['aa', 'bb', 'cc'])
})
