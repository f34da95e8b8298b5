import type { Messages } from '../en/en'
import { pluralizer } from '../plural'

const plural = pluralizer('ru')

export const fleet: Pick<Messages, 'fleet'> = {
  fleet: {
    title: 'Парк серверов',
    emptyText: 'Возьмите под наблюдение первый сервер PostgreSQL: роль, адрес, и через минуту здесь появятся числа.',
    setUp: 'Настроить первый сервер',
    fullDisks: 'диск ≥ 85 %',
    connections: 'Соединения',
    transactions: 'Транзакции',
    size: 'Базы данных',
    map: 'Серверы',
    colouredBy: 'Цвет показывает',
    measures: {
      severity: 'Состояние',
      disk: 'Диск',
      connections: 'Соединения',
      transactions: 'Транзакции',
      size: 'Размер',
      history: 'Во времени',
    },
    history: {
      title: 'Серверы во времени',
      states: {
        ok: 'всё собрано',
        some: 'часть запусков с ошибкой',
        bad: 'большинство с ошибкой',
        none: 'запусков не было',
      },
      cell: (duration) => `столбик: ${duration}`,
      runs: (runs, failed) => `запусков: ${runs}, с ошибкой: ${failed}`,
      summary: (cells, bad, some, none) =>
        `Частей: ${cells}; большинство запусков с ошибкой: ${bad}, часть с ошибкой: ${some}, запусков не было: ${none}`,
    },
    oldest: (duration) => `возраст чисел: до ${duration}`,
    noValue: 'нет значения',
    legend: 'Что значат цвета',
    diskFull: (used) => `диск ${used}`,
    worst: 'Требуют внимания',
    allWell: (count) =>
      `Всё в порядке: ${plural(count, { one: 'сервер отвечает', few: 'сервера отвечают', many: 'серверов отвечают', other: 'сервера отвечают' })}.`,
    allAnswer: (count) =>
      `${plural(count, { one: 'сервер отвечает', few: 'сервера отвечают', many: 'серверов отвечают', other: 'сервера отвечают' })}.`,
    incomplete: (count) =>
      `Собирается не всё: ${plural(count, { one: 'сервер', few: 'сервера', many: 'серверов', other: 'сервера' })}:`,
    without: (count) => `без ${plural(count, { one: 'сервера', few: 'серверов', many: 'серверов', other: 'сервера' })}`,
    moreTrouble: (count) =>
      `Ещё ${plural(count, { one: 'сервер', few: 'сервера', many: 'серверов', other: 'сервера' })}`,
    busiest: 'Самые загруженные',
    events: 'Последние события',
    allEvents: 'Все события',
  },
}
