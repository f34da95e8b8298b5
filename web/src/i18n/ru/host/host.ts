import type { HostText } from '../../host-texts'

/** How the host itself does, and what its trail of changes says. */
export const host: readonly HostText[] = [
  ['can be written', 'принимает записи'],
  [
    'its disk is full: it can be read, but nothing is recorded and nothing can be changed',
    'его диск полон: читать можно, но ничего не записывается и ничего не изменить',
  ],
  ["cannot be written; the host's log says why", 'не принимает записи; причина — в журнале хоста'],
  ['did not answer within {seconds} s', 'не ответило за {seconds} с'],
  ['{loaded} loaded, {refused} refused', 'загружено: {loaded}, не принято: {refused}'],
  ['the store cannot be used now', 'хранилищем сейчас нельзя пользоваться'],
  // Lines for scripts, whose words do not follow the number.
  ['{title}: {all} серверов ОК', '{title}: серверов ОК: {all}'],
  ['{title}: {failed} ошибок из {all} серверов', '{title}: ошибок: {failed}, серверов: {all}'],
  ['one session was ended from the list of sessions', 'один сеанс завершён из списка сеансов'],
  ['{count} other sessions were ended', 'завершено других сеансов: {count}'],
  ['is back', 'снова есть'],
  ['was {before}, is {now}', 'был {before}, стал {now}'],
  ['was `{name}`', 'раньше `{name}`'],
  ['nothing changed', 'ничего не изменено'],
  ['own password', 'свой пароль'],
  ['role {before} -> {after}', 'роль {before} -> {after}'],
  [
    'a used refresh token was shown again; the session was ended',
    'использованный refresh-токен предъявлен снова; сеанс завершён',
  ],
  [
    'A used refresh token of `{login}` was shown again; the session was ended',
    'Использованный refresh-токен `{login}` предъявлен снова; сеанс завершён',
  ],
]
