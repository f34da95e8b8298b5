import { expect, test } from 'vitest'
import { kindAndUnit, probeWords } from '../../src/features/plugins/probe-words.ts'
import { plugins as inRussian } from '../../src/i18n/ru/plugins.ts'
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

test('the unit of a metric is a word of the language, or as the probe puts it', () => {
  const said = (unit: string) => kindAndUnit({ kind: 'counter', unit }, inRussian.plugins)
  expect(['bytes', 'seconds', 'ratio', 'mol', ''].map(said)).toEqual([
    'счётчик, байты',
    'счётчик, секунды',
    'счётчик, доля',
    'счётчик, mol',
    'счётчик',
  ])
})
