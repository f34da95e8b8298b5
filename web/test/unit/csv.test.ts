import { expect, test } from 'vitest'
import { csvText } from '../../src/lib/csv.ts'
import { fileName } from '../../src/lib/download.ts'

test.each(['=cmd|calc', '+1', '-1+2', '@sum', '\ttab', '\rreturn'])(
  'a name like %j is a text, not a formula',
  (name) => {
    const line = csvText(['name'], [[name]])
      .split('\r\n')
      .slice(1)
      .join('\r\n')
    expect(line.replace(/^"/, '')).toMatch(/^'/)
  },
)

test('numbers stay numbers, and what is unknown is empty and not zero', () => {
  expect(csvText(['a', 'b', 'c', 'd'], [[-1.5, null, undefined, Number.NaN]])).toBe('\uFEFFa,b,c,d\r\n-1.5,,,\r\n')
})

test('commas, quotes and lines do not break the table', () => {
  expect(csvText(['x'], [['a,"b"\nc']])).toBe('\uFEFFx\r\n"a,""b""\nc"\r\n')
})

test('a file is called so that every file system takes it', () => {
  expect(fileName(['pg/1', 'имя: с %'], Date.parse('2026-01-31T14:05:09Z'), 'csv')).toBe(
    'pgvigil_pg-1_имя-с-_2026-01-31T14-05Z.csv',
  )
})
