import type { Messages } from '../en/en'

export const analysis: Pick<Messages, 'analysis'> = {
  analysis: {
    title: 'Использование баз',
    period: (from, to) => `Что происходило: ${from} – ${to}`,
    known: (known, period) => `Известно ${known} из ${period}, которые рассматриваются`,
    unusedSize: (size) => `Мёртвые и простаивающие базы занимают ${size}`,
    shortWindow: (days) =>
      `Короче, чем требуют критерии (дней: ${days}): мертва ли база или простаивает, сказать нельзя.`,
    watchedThrough: 'сюда подключается сам pgvigil',
    columns: {
      name: 'База',
      verdict: 'Оценка',
      reason: 'Почему',
      idle: 'Простой, дней',
      transactions: 'В час',
      connections: 'Соединения',
      size: 'Размер',
    },
    verdicts: {
      dead: 'Мертва',
      static: 'Простаивает',
      'low-activity': 'Мало активности',
      active: 'Активна',
      'not-enough-data': 'Пока неизвестно',
    },
    reasons: {
      used: (perHour, connections) => `транзакций в час: ${perHour}, соединений: ${connections}`,
      connectedButIdle: (connections, days) => `соединений: ${connections}, но активности нет уже ${days}`,
      unused: (days) => `активности нет уже ${days}; соединений почти или совсем нет`,
      unusedConnectionsUnknown: (days) => `активности нет уже ${days}; соединения неизвестны`,
      noSamples: 'за этот период измерений нет',
      nothingToCompare: 'измерение только одно, сравнить не с чем',
      observedTooShortly: (days, needed) => `активности нет, но известно только ${days}, а нужно ${needed}`,
      rowsNotCounted: (days, needed) =>
        `транзакций мало, но строки считались только последние ${days}, а нужно ${needed}`,
      tooEarlyForLowActivity: (perHour, days, needed) =>
        `транзакций в час: ${perHour}; чтобы счесть это малым, нужно ${needed}, а известно ${days}`,
    },
    criteria: 'Критерии',
    criteriaText:
      'Хранятся на хосте для всех серверов и всех. Работа мониторинга и автоочистки активностью не считается.',
    criteriaSaved: 'Критерии сохранены.',
    usual: (value) => `Обычно ${value}.`,
    criterionNames: {
      dead_days: 'Мертва после, дней',
      static_connections_days: 'Простаивает после, дней',
      low_activity_connections: 'Мало активности: соединений меньше',
      low_activity_transactions_per_hour: 'Мало активности: транзакций в час меньше',
      background_transactions_per_hour: 'Фон: транзакций в час',
      background_rows_read_per_hour: 'Фон: прочитано строк в час',
      background_rows_written_per_hour: 'Фон: записано строк в час',
    },
    criterionHelp: {
      dead_days: 'Столько времени без активности и без соединений.',
      static_connections_days: 'Соединения есть, но столько времени нет активности.',
      low_activity_connections: 'В среднем.',
      low_activity_transactions_per_hour: 'В среднем, при малом числе соединений.',
      background_transactions_per_hour: 'Столько активностью не считается.',
      background_rows_read_per_hour: 'Столько активностью не считается.',
      background_rows_written_per_hour: 'Столько активностью не считается.',
    },
    emptyTitle: 'Баз пока нет',
    emptyText: 'Что делает база, оценивается, когда за сервером понаблюдали какое-то время.',
  },
}
