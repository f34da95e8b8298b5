import { expect, test } from 'vitest'
import { latinKey, shortcutFor } from '../../src/lib/shortcuts.ts'

test.each([
  ['Russian j', { key: 'о', code: 'KeyJ' }, 'j'],
  ['Russian [', { key: 'х', code: 'BracketLeft' }, '['],
  ['Russian ]', { key: 'ъ', code: 'BracketRight' }, ']'],
  ['Russian /', { key: '.', code: 'Slash' }, '/'],
  ['Russian ?', { key: ',', code: 'Slash' }, '?'],
  ['Dvorak j', { key: 'j', code: 'KeyC' }, 'j'],
  ['the full stop', { key: '.', code: 'Period' }, '.'],
  ['Enter', { key: 'Enter', code: 'Enter' }, 'Enter'],
])('%s', (_, pressed, expected) => {
  expect(latinKey(pressed)).toBe(expected)
})

test('two keys are one shortcut, and a second that completes none counts alone', () => {
  expect(shortcutFor('s', 'g')).toBe('goServers')
  expect(shortcutFor('s', undefined)).toBeUndefined()
  expect(shortcutFor('j', 'g')).toBe('nextRow')
})
