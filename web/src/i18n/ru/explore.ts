import type { Messages } from '../en/en'
import { pluralizer } from '../plural'

const plural = pluralizer('ru')

export const explore: Pick<Messages, 'explore'> = {
  explore: {
    title: 'Метрики',
    searchLabel: 'Метрика, метка, плагин',
    nothing: 'Ни одна проба ничего с таким именем не объявляет.',
    noServers: 'Метрики бывают у сервера, а серверов пока нет.',
    chooseOther: 'Выбрать другую',
    chooseTitle: 'Выберите метрику',
    chooseText: 'У всего, что объявляет проба, здесь есть график и таблица, и у ваших собственных проб тоже.',
    unknownTitle: 'Такого не объявляет ни одна проба',
    unknownText: (set) =>
      `Ни один загруженный плагин не объявляет набор «${set}». Плагин мог быть выключен или отклонён, а набор переименован.`,
    unknownMetric: (set, metric) => `В наборе «${set}» нет метрики «${metric}». Её могли переименовать.`,
    family: (count) => plural(count, { one: 'метрика', few: 'метрики', many: 'метрик', other: 'метрики' }),
    every: (duration) => `раз в ${duration}`,
    historyOnly: 'ни один плагин больше не собирает',
    notOn: (server) => `не запускается на ${server}`,
    metric: 'Метрика',
    value: 'Значение',
    by: 'Линии',
    bySeries: 'линия на каждый ряд',
    byLabel: (label) => `линии по ${label}`,
    views: 'Виды',
    noViews: 'Сохранённых видов пока нет.',
    saveView: 'Сохранить этот вид',
    saveText: 'Браузер запомнит адрес под именем. Чтобы показать вид кому-то, отправьте адрес.',
    forgetView: (name) => `Забыть «${name}»`,
  },
}
