import type { Messages } from '../en/en'
import { pluralizer } from '../plural'

const plural = pluralizer('ru')

export const setup: Pick<Messages, 'setup'> = {
  setup: {
    title: 'Взять сервер под наблюдение',
    note: 'Четыре шага до первых чисел',
    role: 'Создайте роль на сервере',
    roleText:
      'Выполните это на сервере один раз от имени суперпользователя. pg_monitor читает статистику, но не данные; пароль придуман только что.',
    version: 'Версия сервера',
    version10: 'PostgreSQL 10 и новее',
    version96: '9.6',
    address: 'Укажите, где сервер',
    passwordHint: 'Тот, что выше, или пароль существующей роли.',
    check: 'Проверьте',
    notPassed: 'не пройдено',
    watch: 'Начать наблюдение',
    watchAnyway: 'Всё равно начать',
    allSettings: 'Все настройки: SSH, сертификаты, метки',
    sample: 'Первое измерение',
    waiting: 'Сборщик только что узнал о сервере. Первые числа придут в течение минуты.',
    values: (count) => plural(count, { one: 'значение', few: 'значения', many: 'значений', other: 'значения' }),
    collected: 'Первые числа собраны.',
    answers: (version) => `PostgreSQL ${version} отвечает.`,
    firstNumbers: (version, connections) => `PostgreSQL ${version} отвечает, соединений: ${connections}.`,
    open: 'Открыть сервер',
    change: 'Изменить настройки',
  },
}
