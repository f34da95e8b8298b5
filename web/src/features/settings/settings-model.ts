import type { SettingsMap } from '../../api/types'

export const SETTING_KEYS = [
  'collect_interval',
  'size_update_interval',
  'db_check_interval',
  'retention_months',
  'audit_retention_days',
  'logs_retention_days',
] as const
export type SettingKey = (typeof SETTING_KEYS)[number]

export interface SettingRule {
  min: number
  max: number
  unit: 'seconds' | 'months' | 'days'
  group: 'collecting' | 'retention'
}

/** The host's own limits; it refuses what lies outside of them, and we say so before. */
export const SETTING_RULES: Record<SettingKey, SettingRule> = {
  collect_interval: { min: 60, max: 86_400, unit: 'seconds', group: 'collecting' },
  size_update_interval: { min: 300, max: 86_400, unit: 'seconds', group: 'collecting' },
  db_check_interval: { min: 300, max: 86_400, unit: 'seconds', group: 'collecting' },
  retention_months: { min: 1, max: 120, unit: 'months', group: 'retention' },
  audit_retention_days: { min: 7, max: 3_650, unit: 'days', group: 'retention' },
  logs_retention_days: { min: 7, max: 3_650, unit: 'days', group: 'retention' },
}

export type SettingsDraft = Record<SettingKey, string>

export function draftOfSettings(settings: SettingsMap): SettingsDraft {
  const value = (key: SettingKey) => settings[key]?.value ?? ''
  return {
    collect_interval: value('collect_interval'),
    size_update_interval: value('size_update_interval'),
    db_check_interval: value('db_check_interval'),
    retention_months: value('retention_months'),
    audit_retention_days: value('audit_retention_days'),
    logs_retention_days: value('logs_retention_days'),
  }
}

export function isValidSetting(key: SettingKey, text: string): boolean {
  const { min, max } = SETTING_RULES[key]
  return /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max
}

/** Only what differs, as numbers. */
export function changedSettings(before: SettingsDraft, after: SettingsDraft): Partial<Record<SettingKey, number>> {
  const changed: Partial<Record<SettingKey, number>> = {}
  for (const key of SETTING_KEYS) {
    if (before[key] !== after[key]) changed[key] = Number(after[key])
  }
  return changed
}
