import { expect, test } from 'vitest'
import { columnWidths, fittingColumns } from '../../src/blocks/table-layout.ts'

const columns = [
  { id: 'name', width: 200, grow: true, priority: 0 },
  { id: 'tags', width: 150, priority: 9 },
  { id: 'state', width: 100, priority: 1 },
  { id: 'size', width: 100, priority: 2 },
]
const ids = (room: number, chosen?: string[]) => fittingColumns(columns, room, chosen).map((column) => column.id)

test('the least important columns make room first, and the order stays', () => {
  expect(ids(600)).toEqual(['name', 'tags', 'state', 'size'])
  expect(ids(540)).toEqual(['name', 'state', 'size'])
  expect(ids(310)).toEqual(['name', 'state'])
  expect(ids(50)).toEqual(['name'])
})

test('a choice counts more than the room, but what a row is stays', () => {
  expect(ids(100, ['tags'])).toEqual(['name', 'tags'])
})

test('the room is used up by the one that grows, else by all', () => {
  expect(columnWidths(columns, 600)).toEqual([250, 150, 100, 100])
  expect(
    columnWidths(
      [columns[2], columns[3]].flatMap((one) => one ?? []),
      400,
    ),
  ).toEqual([200, 200])
})
