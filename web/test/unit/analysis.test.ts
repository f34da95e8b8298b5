import { expect, test } from 'vitest'
import {
  analysisCsv,
  changedCriteria,
  judgedWindow,
  knownDays,
  reasonText,
} from '../../src/features/server/analysis-model.ts'
import { analysis } from '../../src/i18n/en/analysis.ts'
import { words } from '../../src/i18n/en/words.ts'
import { parseRange } from '../../src/lib/time-range.ts'
import { createUnits } from '../../src/lib/units.ts'
import { makeAnalysis, makeCriteria } from '../mock/data/analysis.ts'

const units = createUnits('en', words.units)
const { items } = makeAnalysis(new URLSearchParams('server=a'), makeCriteria())

test('each verdict has its reason with figures, and a reason of a newer host is told in its words', () => {
  expect(items.map((one) => reasonText(one, analysis.analysis, units))).toEqual([
    'no activity for 31 d, and hardly any connections or none',
    'connections are held (5), but nothing was done for 31 d',
    '600 transactions an hour, connections: 1',
    '10K transactions an hour, connections: 5',
    '1,900 transactions an hour, connections: 5',
    'no activity, but only 5 d are known; 30 d are needed to tell',
  ])
  const [first] = items
  const newer = first && { ...first, reason_code: 'archived', reason: 'it is archived' }
  expect(newer && reasonText(newer, analysis.analysis, units)).toBe('it is archived')
  const early = first && { ...first, reason_code: 'too-early-for-low-activity', observed_days: 0.4, needed_days: 1 }
  expect(early && reasonText(early, analysis.analysis, units)).toBe(
    '180 transactions an hour; to call it little takes 1 d, and 10 h are known',
  )
})

test('only what was changed is sent, and nothing while anything is out of range', () => {
  const stored = makeCriteria()
  expect(changedCriteria(stored, { dead_days: '7', static_connections_days: '30' })).toEqual({ dead_days: 7 })
  expect(changedCriteria(stored, { dead_days: '7', static_connections_days: '91' })).toEqual({})
  expect(changedCriteria(stored, {})).toEqual({})
})

test('a name that a spreadsheet would run is saved as text', () => {
  const [first] = items
  const csv = first && analysisCsv([{ ...first, name: '=cmd|x' }], analysis.analysis.columns)
  expect(csv).toContain("\r\n'=cmd|x,dead,")
})

test('no more of a period is known than was watched, and no more than it has', () => {
  const [first] = items
  const known = (days: number | null) =>
    knownDays({
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-11T00:00:00Z',
      items:
        first === undefined
          ? []
          : [
              { ...first, observed_days: null },
              { ...first, observed_days: days },
            ],
    })
  expect([known(null), known(0.5), known(31)]).toEqual([0, 0.5, 10])
})

test('of a time that is longer than the host looks at, the newest part is judged', () => {
  const window = (from: string, to: string) => judgedWindow(parseRange({ from, to }))
  expect(window('now-400d', 'now')).toEqual({ from: 'now-400d', to: 'now' })
  expect(window('now-2y', 'now')).toEqual({ from: 'now-400d', to: 'now' })
  const [from, to] = ['2024-01-01T00:00:00Z', '2026-02-05T00:00:00Z']
  expect(window(from, to)).toEqual({ from: '2025-01-01T00:00:00Z', to })
  expect(window('2025-06-01T00:00:00Z', to)).toEqual({ from: '2025-06-01T00:00:00Z', to })
})
