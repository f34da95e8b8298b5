import { type HostText, translator } from '../../host-texts'

/** The lines of the system log that scripts know from the predecessor: the host writes them in Russian. */
export const HOST_TEXTS: readonly HostText[] = [
  ['Сбор статистики', 'Statistics'],
  ['Обновление размеров', 'Sizes'],
  ['Синхронизация БД', 'List of databases'],
  ['Плагин {plugin}', 'Plugin {plugin}'],
  ['{title}: {all} серверов ОК', '{title}: servers OK: {all}'],
  ['{title}: {failed} ошибок из {all} серверов', '{title}: errors: {failed}, servers: {all}'],
  ['Обслуживание завершено. Логов очищено: {count}', 'Maintenance is done. Lines of the log removed: {count}'],
  ['Ошибка обслуживания: {detail}', 'Maintenance failed: {detail}'],
]

export const said = translator(HOST_TEXTS)
