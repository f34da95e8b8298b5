import { expect, test } from 'vitest'
import { gathered } from '../../src/charts/model.ts'

const marks = (times: number[]) => times.map((at) => ({ at, text: `at ${at}` }))

test('what happened close together has one mark, and none is left out', () => {
  expect(gathered(marks([0, 10, 500]), 0, 1_000).map(({ at, text }) => [at, text])).toEqual([
    [0, 'at 0; at 10'],
    [500, 'at 500'],
  ])
  const many = gathered(marks(Array.from({ length: 900 }, (_, index) => index)), 0, 1_000)
  expect(many.length).toBeLessThanOrEqual(40)
  expect(many[0]?.text).toBe('at 0; at 1; at 2; … +22')
})
