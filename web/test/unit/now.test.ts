import { expect, test } from 'vitest'
import { hostTime, noteHostTime } from '../../src/lib/now.ts'

const AT = Date.parse('2026-01-01T12:00:00Z')

test('what the host says when it was is told by its clock, where that is another', () => {
  noteHostTime('Thu, 01 Jan 2026 12:00:01 GMT', AT)
  expect(hostTime(AT)).toBe(AT)
  noteHostTime('Thu, 01 Jan 2026 11:50:00 GMT', AT)
  expect(hostTime(AT)).toBe(AT - 600_000 + 500)
  noteHostTime(null, AT)
  noteHostTime('Thu, 01 Jan 2026 11:50:01 GMT', AT)
  expect(hostTime(AT)).toBe(AT - 600_000 + 500)
  noteHostTime('Thu, 01 Jan 2026 12:00:00 GMT', AT)
  expect(hostTime(AT)).toBe(AT)
})
