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

/** Ranges and units come from the host; what belongs together is ours. */
export const SETTING_GROUPS = {
  collecting: ['collect_interval', 'size_update_interval', 'db_check_interval'],
  retention: ['retention_months', 'audit_retention_days', 'logs_retention_days'],
} as const satisfies Record<string, readonly SettingKey[]>

export interface SettingRange {
  min: number
  max: number
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

export function isValidSetting({ min, max }: SettingRange, text: string): boolean {
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

/** How many plugins run at an interval that no setting gives. */
export function ownIntervals(settings: SettingsMap, plugins: readonly { interval_ms: number }[]): number {
  const given = SETTING_GROUPS.collecting.map((key) => Number(settings[key]?.value) * 1_000)
  return plugins.filter((plugin) => !given.includes(plugin.interval_ms)).length
}
