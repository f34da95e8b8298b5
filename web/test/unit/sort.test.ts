import { expect, test } from 'vitest'
import { matchesSearch, sortRows } from '../../src/lib/sort.ts'

test('unknown values come last in both directions', () => {
  const rows = [3, null, 1, undefined, 2]
  expect(sortRows(rows, (row) => row, false)).toEqual([1, 2, 3, null, undefined])
  expect(sortRows(rows, (row) => row, true)).toEqual([3, 2, 1, null, undefined])
})

test('numbers in names count as numbers', () => {
  expect(sortRows(['pg-10', 'pg-9', 'pg-1'], (row) => row, false)).toEqual(['pg-1', 'pg-9', 'pg-10'])
})

test('equal rows keep their order', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }]
  expect(sortRows(rows, () => 'same', true)).toEqual(rows)
})

test('every word of a search must be found, in any column', () => {
  expect(matchesSearch('BILL prod', ['billing-01', null, 'production'])).toBe(true)
  expect(matchesSearch('bill stage', ['billing-01', null, 'production'])).toBe(false)
  expect(matchesSearch('', [])).toBe(true)
})
