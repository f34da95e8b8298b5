import type { Messages } from '../en/en'

export const words: Pick<
  Messages,
  | 'problems'
  | 'units'
  | 'roles'
  | 'serverStates'
  | 'failureReasons'
  | 'absenceReasons'
  | 'runOutcomes'
  | 'pluginStates'
  | 'stepOutcomes'
> = {
  problems: {
    'role-insufficient': 'Ваша роль этого не позволяет.',
    'no-such-server': 'Такого сервера больше нет.',
    'no-such-user': 'Такого пользователя больше нет.',
    'no-such-ssh-key': 'Такого SSH-ключа больше нет.',
    'server-exists': 'Сервер с таким именем уже есть.',
    'user-exists': 'Пользователь с таким именем уже есть.',
    'ssh-key-exists': 'SSH-ключ с таким именем уже есть.',
    'ssh-key-known': 'Этот самый ключ уже сохранён.',
    'own-account': 'Свою учётную запись удалить нельзя; это может другой администратор.',
    'last-admin': 'Не осталось бы ни одного активного администратора; сначала назначьте другого.',
    'too-many-requests': 'Слишком много запросов; попробуйте чуть позже.',
    busy: 'Хост занят; попробуйте чуть позже.',
    'server-timed-out': 'Сервер не ответил вовремя.',
    'store-away': 'Хранилище хоста не отвечает.',
    'host-failed': 'Сбой хоста; причина в его журнале.',
  },
  units: {
    bytes: ['Б', 'КБ', 'МБ', 'ГБ', 'ТБ', 'ПБ'],
    perSecond: '/с',
    perMinute: '/мин',
    perHour: '/ч',
    microsecond: 'мкс',
    millisecond: 'мс',
    second: 'с',
    minute: 'мин',
    hour: 'ч',
    day: 'д',
    now: 'только что',
    ago: (duration) => `${duration} назад`,
    ahead: (duration) => `через ${duration}`,
  },
  roles: { admin: 'администратор', operator: 'оператор', viewer: 'наблюдатель' },
  serverStates: {
    ok: 'Работает',
    warning: 'Предупреждение',
    critical: 'Критично',
    unreachable: 'Недоступен',
    pending: 'Ещё не опрошен',
  },
  failureReasons: {
    unreachable: 'Нет соединения',
    'authentication-failed': 'Сервер отказал во входе',
    'tls-failed': 'Ошибка TLS',
    'server-refused': 'Сервер отказал',
    'timed-out': 'Истекло время',
    'connection-busy': 'Соединение занято',
    'not-granted': 'Не разрешено в plugins.toml',
    'missing-privilege': 'Не хватает прав',
    misconfigured: 'Ошибка настройки',
    'sql-failed': 'Ошибка SQL',
    'ssh-failed': 'Ошибка SSH',
    'host-key-changed': 'Ключ узла SSH изменился',
    'host-call-failed': 'Ошибка вызова хоста',
    'limit-exceeded': 'Превышен предел',
    'out-of-memory': 'Не хватило памяти',
    'out-of-cpu': 'Не хватило процессорного времени',
    trapped: 'Проба упала',
    'invalid-report': 'Неверный отчёт',
    'probe-failed': 'Ошибка пробы',
    cancelled: 'Отменено',
    'host-failed': 'Сбой самого хоста',
  },
  absenceReasons: {
    denied: 'нет прав',
    locked: 'заблокировано',
    'timed-out': 'истекло время',
    'not-applicable': 'неприменимо',
    failed: 'ошибка',
  },
  runOutcomes: { collected: 'Собрано', 'not-applicable': 'Неприменимо', failed: 'Ошибка' },
  pluginStates: {
    loaded: 'Загружен',
    running: 'Выполняется',
    degraded: 'Работает частично',
    quarantined: 'В карантине',
    disabled: 'Выключен',
    refused: 'Отклонён',
  },
  stepOutcomes: { passed: 'Пройден', warning: 'Предупреждение', failed: 'Не пройден', skipped: 'Пропущен' },
}
