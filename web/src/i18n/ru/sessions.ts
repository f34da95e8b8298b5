import type { Messages } from '../en/en'

export const sessions: Pick<Messages, 'sessions'> = {
  sessions: {
    title: 'Сеансы',
    hint: 'Прочитано с сервера сейчас, одним дополнительным соединением.',
    refresh: 'Прочитать снова',
    truncated: 'Сеансов больше, чем показано.',
    columns: { pid: 'PID', user: 'Роль', database: 'База', state: 'Состояние', query: 'Запрос' },
    emptyTitle: 'Сеансов нет',
    emptyText: 'Кроме самого мониторинга никто не подключён.',
    searchLabel: 'Поиск по роли, базе, состоянию или тексту',
    noMatchTitle: 'Ни один сеанс не подходит',
  },
}
