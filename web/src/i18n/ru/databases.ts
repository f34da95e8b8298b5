import type { Messages } from '../en/en'

export const databases: Pick<Messages, 'databases' | 'database'> = {
  databases: {
    title: 'Базы данных',
    searchLabel: 'Поиск по имени или владельцу',
    filterLabel: 'Какие базы',
    existing: 'Есть сейчас',
    gone: 'Исчезли',
    columns: {
      name: 'База',
      size: 'Размер',
      connections: 'Соединения',
      tps: 'Фиксации',
      created: 'Создана',
      lastSeen: 'Замечена',
      owner: 'Владелец',
    },
    goneBadge: 'исчезла',
    noConnections: 'подключения запрещены',
    sizePending: 'ещё не измерен',
    emptyTitle: 'Список баз пока неизвестен',
    emptyText: 'Он читается вскоре после добавления сервера.',
    noMatchTitle: 'Ни одна база не подходит',
    noMatchText: 'Измените поиск или фильтр, чтобы увидеть другие.',
  },
  database: {
    size: 'Размер',
    connections: 'Соединения',
    commits: 'Фиксации',
    created: 'Создана',
    owner: 'Владелец',
    encoding: 'Кодировка',
    firstSeen: 'Впервые замечена',
    lastSeen: 'Замечена',
    goneBanner: (date) => `Эту базу в последний раз видели ${date}; с тех пор её нет. История сохранена.`,
    notFound: (name) => `На этом сервере нет базы ${name}, и мы её никогда не видели.`,
  },
}
