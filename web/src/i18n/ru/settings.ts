import type { Messages } from '../en/en'

export const settings: Pick<Messages, 'settings'> = {
  settings: {
    title: 'Настройки',
    hint: 'Действуют со следующего запуска, без перезапуска узла.',
    collecting: 'Сбор',
    retention: 'Хранение',
    names: {
      collect_interval: 'Статистика баз данных',
      size_update_interval: 'Размеры баз данных',
      db_check_interval: 'Список баз данных',
      retention_months: 'Измерения',
      audit_retention_days: 'События аудита',
      logs_retention_days: 'Системный журнал',
    },
    help: {
      collect_interval: 'Как часто собирается статистика.',
      size_update_interval: 'Как часто измеряются размеры.',
      db_check_interval: 'Как часто читается список.',
      retention_months: 'Сколько хранятся измерения.',
      audit_retention_days: 'Сколько хранятся события аудита.',
      logs_retention_days: 'Сколько хранится системный журнал.',
    },
    unitSeconds: 'сек',
    unitMonths: 'мес',
    unitDays: 'дней',
    between: (min, max) => `От ${min} до ${max}`,
    outOfRange: (min, max) => `Целое число от ${min} до ${max}.`,
    unsaved: 'Есть несохранённые изменения.',
    saved: 'Сохранено.',
    shrinkWarning: 'Если сократить срок хранения, более старые данные удаляются навсегда.',
    reset: 'Вернуть',
    equals: (duration) => `= ${duration}`,
  },
}
