import type { SettingsMap } from '../../../src/api/types.ts'
import { ago, DAY } from './base.ts'

export function makeSettings(): SettingsMap {
  const item = (key: string, value: number, min: number, max: number, unit: string) => ({
    key,
    value: String(value),
    value_type: 'int',
    description: key,
    updated_at: ago(30 * DAY),
    default: value,
    min,
    max,
    unit,
  })
  return {
    collect_interval: item('collect_interval', 60, 60, 86_400, 'seconds'),
    size_update_interval: item('size_update_interval', 1_800, 300, 86_400, 'seconds'),
    db_check_interval: item('db_check_interval', 300, 300, 86_400, 'seconds'),
    retention_months: item('retention_months', 12, 1, 120, 'months'),
    audit_retention_days: item('audit_retention_days', 90, 7, 3_650, 'days'),
    logs_retention_days: item('logs_retention_days', 30, 7, 3_650, 'days'),
  }
}
