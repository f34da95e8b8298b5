import type { Messages } from '../en/en'

export const time: Pick<Messages, 'ranges' | 'rangesShort'> = {
  ranges: {
    '1h': '1 час',
    '24h': '24 часа',
    '7d': '7 дней',
    '30d': '30 дней',
    '90d': '90 дней',
    '365d': '1 год',
  },
  rangesShort: { '1h': '1 ч', '24h': '24 ч', '7d': '7 д', '30d': '30 д', '90d': '90 д', '365d': '1 г' },
}
