import { expect, test } from 'vitest'
import { probeWords } from '../../src/features/plugins/probe-words.ts'
import { makePlugins } from '../mock/data/plugins.ts'

test('a probe speaks the language of the reader where it can, else English', () => {
  const probe = makePlugins()[0]?.metadata
  if (!probe) throw new Error('no probe')
  const russian = { ...probe, attrs: { summary_ru: 'Счётчики', 'help_ru:s.m': 'Помощь' } }
  expect(probeWords(russian, 'ru').summary).toBe('Счётчики')
  expect(probeWords(russian, 'ru').metricHelp('s', 'm', 'Help')).toBe('Помощь')
  expect(probeWords(russian, 'ru').setHelp('s', 'Help')).toBe('Help')
  expect(probeWords(russian, 'en').summary).toBe(probe.summary)
})
