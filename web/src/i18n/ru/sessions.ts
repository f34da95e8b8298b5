import type { Messages } from '../en/en'
import { pluralizer } from '../plural'

const plural = pluralizer('ru')

export const sessions: Pick<Messages, 'sessions'> = {
  sessions: {
    title: 'Сеансы',
    hint: 'Прочитано с сервера сейчас, одним дополнительным соединением.',
    refresh: 'Прочитать снова',
    period: 'Как часто читать',
    periods: {
      '0': 'только вручную',
      '1': 'каждую секунду',
      '2': 'каждые 2 с',
      '5': 'каждые 5 с',
      '15': 'каждые 15 с',
    },
    truncated: 'Сеансов больше, чем показано.',
    textsHidden: 'Настройки хоста скрывают от вашей роли тексты запросов.',
    noText: 'Сервер не сообщает текст, или он скрыт от вашей роли.',
    copy: 'Скопировать запрос',
    open: (pid) => `Сеанс ${pid}: подробности`,
    connectedFor: 'Подключён',
    blockedBy: (pids) => `из-за ${pids.map((pid) => (pid === 0 ? 'подготовленной транзакции' : pid)).join(', ')}`,
    blocks: (count) => `держит ${count}`,
    blocking: 'Блокировка',
    unknown: (count) =>
      `О ${plural(count, { one: 'сеансе', few: 'сеансах', many: 'сеансах', other: 'сеансах' })} сервер не говорит, что он делает: роли не хватает pg_monitor, или выключен track_activities.`,
    columns: {
      pid: 'PID',
      user: 'Роль',
      database: 'База',
      application: 'Приложение',
      client: 'Клиент',
      state: 'Состояние',
      wait: 'Ожидает',
      transaction: 'Транзакция',
      statement: 'Запрос длится',
      query: 'Запрос',
    },
    states: {
      active: 'Активные',
      blocked: 'Заблокированы',
      'in-transaction': 'Ждут в транзакции',
      idle: 'Простаивают',
      unknown: 'Неизвестно',
    },
    emptyTitle: 'Сеансов нет',
    emptyText: 'Кроме самого мониторинга никто не подключён.',
    searchLabel: 'Поиск по роли, базе, клиенту или тексту',
    noMatchTitle: 'Ни один сеанс не подходит',
  },
}
