import type { HostText } from '../../host-texts'

/** Why PostgreSQL or SSH of a server cannot be used, and the steps of a test of both. */
export const connections: readonly HostText[] = [
  [
    'cannot connect to {address}: {error}; check that PostgreSQL runs there and listens (listen_addresses, port), and the firewall',
    'нет соединения с {address}: {error}; проверьте, что PostgreSQL там запущен и слушает (listen_addresses, port), и сетевой экран',
  ],
  ['Connection refused (os error {code})', 'в соединении отказано'],
  ['Connection reset by peer (os error {code})', 'соединение сброшено'],
  ['No route to host (os error {code})', 'нет пути к узлу'],
  ['Network is unreachable (os error {code})', 'сеть недоступна'],
  ['No such file or directory (os error {code})', 'нет такого файла или каталога'],
  ['Permission denied (os error {code})', 'нет прав'],
  [
    '{place} refuses a start-up parameter that we did not send',
    '{place} не принимает параметр, которого хост не посылал',
  ],
  ['plugin `{plugin}`', 'плагин `{plugin}`'],
  ['cannot use the socket to {place}: {error}', 'соединением с {place} нельзя пользоваться: {error}'],
  ['reading the pinned host key', 'чтение закреплённого ключа узла'],
  ['the login', 'вход'],
  ['the host key is faulty: {error}', 'ключ узла неверен: {error}'],
  ['the server closed it', 'его закрыл сервер'],
  [
    "cannot resolve `{host}`: {error}; check the host in this server's settings",
    'имя `{host}` не находится: {error}; проверьте адрес в настройках этого сервера',
  ],
  [
    "`{host}` has no address; check the host in this server's settings",
    'у `{host}` нет адреса; проверьте адрес в настройках этого сервера',
  ],
  [
    "`{host}` has no address; check the SSH host in this server's settings",
    'у `{host}` нет адреса; проверьте адрес SSH в настройках этого сервера',
  ],
  ['`{host}` may not be connected to: {why}', 'с `{host}` соединяться нельзя: {why}'],
  [
    '{address} is in {network}, which denied_server_networks keeps this host from connecting to',
    '{address} входит в {network}, а туда соединяться запрещает denied_server_networks',
  ],
  [
    '{address} is in none of allowed_server_networks, so this host does not connect to it',
    '{address} не входит ни в одну сеть из allowed_server_networks, поэтому хост с ним не соединяется',
  ],
  [
    '{place} ended the connection when asked for TLS: {error}; is it PostgreSQL?',
    '{place} оборвал соединение в ответ на запрос TLS: {error}; это PostgreSQL?',
  ],
  [
    '{place} does not offer TLS, which sslmode={mode} requires; turn it on there (ssl = on)',
    '{place} не предлагает TLS, а sslmode={mode} его требует; включите его там (ssl = on)',
  ],
  [
    '{place} reports an error instead of answering whether it has TLS; see its log',
    '{place} сообщает об ошибке вместо ответа, есть ли TLS; см. его журнал',
  ],
  [
    '{place} does not answer as PostgreSQL does; check host and port',
    '{place} отвечает не как PostgreSQL; проверьте адрес и порт',
  ],
  ['{place} does not answer as PostgreSQL 9.6 or later does', '{place} отвечает не как PostgreSQL 9.6 и новее'],
  ['TLS with {place} failed (sslmode={mode}): {cause}', 'TLS с {place} не удался (sslmode={mode}): {cause}'],
  ['TLS is not available: {error}', 'TLS недоступен: {error}'],
  [
    "give the certificate of the authority that signed the server's (or its own, if it signed itself) as sslrootcert",
    'укажите в sslrootcert сертификат центра, подписавшего сертификат сервера (или сам этот сертификат, если он подписан собой)',
  ],
  [
    'the certificate is for another host: connect by its name, or use sslmode=verify-ca',
    'сертификат выдан другому узлу: соединяйтесь по его имени или укажите sslmode=verify-ca',
  ],
  ['`{host}` is not a name that a certificate can have', 'сертификата на имя `{host}` быть не может'],
  ['sslrootcert is not PEM: {error}', 'sslrootcert не в формате PEM: {error}'],
  [
    'sslrootcert has no certificate (`-----BEGIN CERTIFICATE-----`)',
    'в sslrootcert нет сертификата (`-----BEGIN CERTIFICATE-----`)',
  ],
  ['sslrootcert has a faulty certificate: {error}', 'в sslrootcert неверный сертификат: {error}'],
  [
    "this system has no root certificates: give the authority's certificate as sslrootcert",
    'в этой системе нет корневых сертификатов: укажите сертификат центра в sslrootcert',
  ],
  ['the server no longer offers TLS', 'сервер больше не предлагает TLS'],
  [
    '{place} asks for the password in clear text over a connection without TLS; it was not sent: set sslmode to verify-full, or use scram-sha-256 in pg_hba.conf',
    '{place} просит пароль открытым текстом по соединению без TLS; он не отправлен: укажите sslmode=verify-full или scram-sha-256 в pg_hba.conf',
  ],
  [
    '{place} sent more than {max} bytes before it was ready; is it PostgreSQL?',
    '{place} прислал больше {max} байт, не успев начать работу; это PostgreSQL?',
  ],
  [
    '{place} asks for a password of role `{user}`, and none is stored for this server',
    '{place} просит пароль роли `{user}`, а для этого сервера он не сохранён',
  ],
  [
    '{place} and we cannot agree how role `{user}` logs in: {error}',
    '{place} и хост не сошлись, как входить роли `{user}`: {error}',
  ],
  ['{place} did not let us log in: {error}; is it PostgreSQL?', '{place} не дал войти: {error}; это PostgreSQL?'],
  [
    '{place} did not answer within {seconds} s ({doing}); check the host, the port and the firewall',
    '{place} не ответил за {seconds} с ({doing}); проверьте адрес, порт и сетевой экран',
  ],
  ['{place} did not answer within {ms} ms ({doing})', '{place} не ответил за {ms} мс ({doing})'],
  ['resolving the name', 'поиск имени'],
  ['the TLS handshake', 'установление TLS'],
  ['key exchange', 'обмен ключами'],
  ['{place} refused the connection: {message}; {advice}', '{place} отказал в соединении: {message}; {advice}'],
  ['{place} refused the sign-in: {message}; {advice}', '{place} отказал во входе: {message}; {advice}'],
  ['check the password of role `{user}`', 'проверьте пароль роли `{user}`'],
  [
    'check that role `{user}` exists and may log in, and pg_hba.conf on the server',
    'проверьте, что роль `{user}` есть и может входить, и pg_hba.conf на сервере',
  ],
  [
    "it was dropped, or is misspelt in this server's settings",
    'она удалена или указана с ошибкой в настройках этого сервера',
  ],
  [
    'raise max_connections, or let the role connect to reserved slots (pg_use_reserved_connections)',
    'увеличьте max_connections или разрешите роли занимать резерв (pg_use_reserved_connections)',
  ],
  [
    'it is starting up, shutting down or recovering: wait',
    'он запускается, останавливается или восстанавливается: подождите',
  ],
  ['the connection to {place} was lost: {cause}', 'соединение с {place} потеряно: {cause}'],
  [
    'the one connection to {place} was not free within {ms} ms: {holder}',
    'единственное соединение с {place} не освободилось за {ms} мс: {holder}',
  ],
  [
    'the one connection to other databases of {place} was not free within {ms} ms: {holder}',
    'единственное соединение с другими базами {place} не освободилось за {ms} мс: {holder}',
  ],
  ['it is being opened', 'оно открывается'],
  ['{who} has had it for {ms} ms', 'его уже {ms} мс держит {who}'],
  ['pgvigil itself', 'сам pgvigil'],
  ['other live views of {place} took {ms} ms', 'другие страницы с сеансами {place} заняли {ms} мс'],
  ['{place} did not say {what} within {ms} ms', '{place} не сообщил за {ms} мс: {what}'],
  ['{place} did not say {what}: {error}', '{place} не сообщил: {what}: {error}'],
  ['its version', 'версию'],
  ['its databases', 'базы'],
  ['a fault of pgvigil itself: {detail}', 'ошибка самого pgvigil: {detail}'],
  ['the server sent more than {max} bytes', 'сервер прислал больше {max} байт'],
  ['one statement took more than {max} round trips', 'один запрос потребовал больше {max} обменов с сервером'],
  ['the server asked for the password in clear text', 'сервер попросил пароль открытым текстом'],
  [
    'a cancelled statement goes on on {place}: is a disk or mount hung there?',
    'отменённый запрос на {place} продолжается: завис диск или том?',
  ],
  ['this very statement still runs there', 'этот же запрос там ещё выполняется'],
  ['{count} statements of pgvigil still run there', 'запросов pgvigil там ещё выполняется: {count}'],
  [
    '{what}, though it was told to cancel; see application_name `pgvigil` in pg_stat_activity: a hung disk or mount, or a pooler whose server is away, is the usual cause',
    '{what}, хотя его просили отменить; см. application_name `pgvigil` в pg_stat_activity: обычно завис диск или том либо за пулом соединений нет сервера',
  ],
  ['{place} answers', '{place} отвечает'],
  ['{place} answers, {how}', '{place} отвечает, {how}'],
  ['with TLS', 'с TLS'],
  ['without TLS', 'без TLS'],
  ['logged in as `{user}`', 'вход выполнен: `{user}`'],
  [
    'the server does not say its version as PostgreSQL 9.6 and later do',
    'сервер называет версию не так, как PostgreSQL 9.6 и новее',
  ],
  [
    'PostgreSQL {version} is too old: 9.6 is the oldest that can be monitored',
    'PostgreSQL {version} слишком стар: наблюдать можно начиная с 9.6',
  ],
  [
    'the server sent more than expected; privileges were not tested',
    'сервер прислал больше ожидаемого; права не проверены',
  ],
  ['the role is a member of pg_monitor', 'роль входит в pg_monitor'],
  [
    "the role sees little of other roles' work: grant pg_monitor to {role}",
    'роль мало видит из работы других ролей: grant pg_monitor to {role}',
  ],
  [
    "{user} is a superuser, which is more than monitoring needs: use a role of its own, with `create role pgvigil login password '...'` and `grant pg_monitor to pgvigil`",
    "{user} — суперпользователь, а для наблюдения нужно меньше: заведите отдельную роль, `create role pgvigil login password '...'` и `grant pg_monitor to pgvigil`",
  ],
  [
    '{user} is a superuser; PostgreSQL 9.6 has no role pg_monitor, so there is little between all and nothing',
    '{user} — суперпользователь; в PostgreSQL 9.6 нет роли pg_monitor, и между всем и ничем выбирать почти не из чего',
  ],
  [
    'PostgreSQL 9.6 has no role pg_monitor: only a superuser sees the work of other roles',
    'в PostgreSQL 9.6 нет роли pg_monitor: работу других ролей видит только суперпользователь',
  ],
  ['no result within {seconds} s', 'нет результата за {seconds} с'],
  ['nothing was tested', 'ничего не проверено'],
  ['the time for the test was up', 'время проверки вышло'],
  ['SSH is not configured for this server', 'SSH для этого сервера не настроен'],
  [
    'cannot connect to {address} for SSH: {error}; check host and port, and that sshd runs there',
    'нет соединения с {address} по SSH: {error}; проверьте адрес и порт и что там запущен sshd',
  ],
  [
    'no SSH connection with {address}: {error}; is it an SSH server?',
    'нет соединения SSH с {address}: {error}; это сервер SSH?',
  ],
  [
    '{address} refused {used} of `{user}` (it accepts: {methods}); check user and {again}',
    '{address} не принял вход пользователя `{user}` ({used}; принимает: {methods}); проверьте: пользователь, {again}',
  ],
  ['the password', 'пароль'],
  ['the key', 'ключ'],
  ['{used}, and ~/.ssh/authorized_keys there', '{used}, ~/.ssh/authorized_keys там'],
  ['no SSH password is stored for `{user}` on {address}', 'пароль SSH для `{user}` на {address} не сохранён'],
  ['no SSH key is stored for `{user}` on {address}', 'ключ SSH для `{user}` на {address} не сохранён'],
  [
    'the SSH key for {address} cannot be opened: {error}; check the key and its passphrase',
    'ключ SSH для {address} не открывается: {error}; проверьте ключ и его парольную фразу',
  ],
  ['the SSH key cannot be opened: {error}', 'ключ SSH не открывается: {error}'],
  ['the SSH connection with {address} failed: {error}', 'соединение SSH с {address} не удалось: {error}'],
  ['the SSH connection with {address} was lost', 'соединение SSH с {address} потеряно'],
  ['{address} does not let us run commands over SSH', '{address} не даёт выполнять команды по SSH'],
  [
    '{address} did not answer over SSH within {seconds} s ({doing})',
    '{address} не ответил по SSH за {seconds} с ({doing})',
  ],
  [
    'the host key stored for {address} cannot be read: {error}; forget it in the settings of this server to trust the next one',
    'сохранённый ключ узла {address} не читается: {error}; забудьте его в настройках этого сервера, чтобы довериться следующему',
  ],
  ['{address} shows a certificate, which was not asked for', '{address} показывает сертификат, которого не просили'],
  [
    '{address} shows the SSH host key {now} ({nowKind}), but {pinned} ({pinnedKind}) is pinned: somebody may be in between. If the key was changed on purpose, forget the pinned one in the settings of this server',
    '{address} показывает ключ узла SSH {now} ({nowKind}), а закреплён {pinned} ({pinnedKind}): кто-то может быть посередине. Если ключ сменили намеренно, забудьте закреплённый в настройках этого сервера',
  ],
  ['the host key is the pinned one, or was pinned now', 'ключ узла — закреплённый, или закреплён сейчас'],
  ['commands run on {system}', 'команды выполняются: {system}'],
  ['`uname` ended with exit code {code} on {address}', '`uname` на {address} завершился с кодом {code}'],
]
