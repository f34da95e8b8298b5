import type { Comparison, Preset } from '../../lib/time-range'

const presets: Record<Preset, string> = {
  '15m': '15 minutes',
  '1h': '1 hour',
  '6h': '6 hours',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '365d': '1 year',
}

const comparisons: Record<Comparison, string> = {
  prev: 'the period before',
  '-1d': 'a day earlier',
  '-7d': 'a week earlier',
}

export const time = {
  time: {
    presets,
    comparisons,
    label: 'Time',
    range: 'Time range',
    last: (span: string) => `Last ${span}`,
    earlier: 'Earlier',
    later: 'Later',
    widen: 'Zoom out',
    quick: 'Up to now',
    absolute: 'From – to',
    from: 'From',
    to: 'To',
    formats: '2026-01-31 14:05, 31.01.2026, 14:05 (today), now-6h, or a line from a log',
    apply: 'Show',
    notMoment: 'This is not a time.',
    notBefore: 'The end must be after the beginning.',
    tooLong: 'At most 20 years can be shown.',
    compare: 'Compare with',
    compareNone: 'nothing',
    compared: (with_: string) => `compared: ${with_}`,
    zone: 'Times in',
    zoneBrowser: (name: string) => `This browser (${name})`,
    liveOn: 'Live',
    liveStates: {
      push: { label: 'Live', hint: 'The host tells what is new' },
      polling: { label: 'Live (asking)', hint: 'The host cannot be listened to, so it is asked every few seconds' },
      connecting: {
        label: 'Connecting…',
        hint: 'The host does not tell what is new; we keep trying, and ask until then',
      },
      paused: { label: 'Paused', hint: 'Nothing moves until you go on' },
    },
    liveFixed: 'A fixed section of time does not move',
    pause: 'Pause',
    resume: 'Go on',
  },
}
