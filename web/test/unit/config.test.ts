import { describe, expect, test } from 'vitest'
import { configToml, enteredOf, type Option, optionProblem } from '../../src/features/plugins/config-model.ts'
import { tomlKey, tomlValue } from '../../src/lib/toml.ts'

const option = (kind: Option['kind'], more: Partial<Option> = {}): Option => ({
  key: kind,
  kind,
  help: '',
  default: null,
  required: false,
  ...more,
})

describe('TOML', () => {
  test.each([
    ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
    ['select 1\nfrom t', '"""\nselect 1\nfrom t"""'],
    ['tab\tand \u0001', '"tab\tand \\u0001"'],
    [1.5, '1.5'],
    [true, 'true'],
    [['a', 1, [false]], '["a", 1, [false]]'],
    [{ a: 1, 'b c': { d: 'e' }, none: null }, '{ a = 1, "b c" = { d = "e" } }'],
    [{}, '{}'],
  ])('%j is %s', (value, expected) => {
    expect(tomlValue(value)).toBe(expected)
  })

  test('what has no word in TOML is left out', () => {
    expect([tomlValue(null), tomlValue(Number.NaN), tomlValue(undefined)]).toEqual([undefined, undefined, undefined])
    expect(tomlKey('a.b')).toBe('"a.b"')
  })
})

test('the form begins with what is used now, else with the default', () => {
  expect(enteredOf(option('boolean', { default: 'false' }), { boolean: 'true' })).toBe(true)
  expect(enteredOf(option('integer', { default: '7' }), {})).toBe('7')
  expect(enteredOf(option('structure'), { structure: '[{"a":1}]' })).toBe('[\n  { a = 1 },\n]')
  expect(enteredOf(option('structure'), { structure: 'not json' })).toBe('not json')
})

test('each kind says what it takes', () => {
  expect(optionProblem(option('integer', { required: true }), ' ')).toBe('required')
  expect(optionProblem(option('integer'), '1.5')).toBe('integer')
  expect(optionProblem(option('number'), '1,5')).toBe('number')
  expect(optionProblem(option('number'), '-1.5e3')).toBeUndefined()
  expect(optionProblem(option('boolean', { required: true }), false)).toBeUndefined()
})

test('only what differs from the default is worth a line', () => {
  const options = [
    option('integer', { default: '30000' }),
    option('boolean', { default: 'true' }),
    option('text'),
    option('structure'),
  ]
  const entered = { integer: '30000', boolean: false, text: 'a "b"', structure: '["x"]' }
  expect(configToml(options, entered)).toBe('[plugin.config]\nboolean = false\ntext = "a \\"b\\""\nstructure = ["x"]')
})
