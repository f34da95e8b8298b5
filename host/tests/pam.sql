-- A database as "PostgreSQL Activity Monitor" 3.0 leaves it, with its quirks: AES-128 packets as hex text, an imported Ed25519 key
-- that is called RSA, a month without a partition, sizes that are not measured yet. {key}, {password}, {steps} and
-- {step_seconds} are filled in.
create extension pgcrypto;

create table statistics (
    id bigserial,
    server_name text not null,
    ts timestamptz not null default now(),
    datname text not null,
    numbackends int,
    xact_commit bigint,
    db_size bigint,
    disk_free bigint,
    disk_total bigint
) partition by range (ts);
create index idx_stats_server_ts on statistics (server_name, ts desc);
create index idx_stats_server_db_ts on statistics (server_name, datname, ts desc);
create table db_info (
    server_name text,
    datname text,
    oid bigint not null,
    creation_time timestamptz,
    first_seen timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    primary key (server_name, datname)
);
create table users (
    login text primary key,
    password_hash text not null,
    role text not null default 'viewer',
    email text,
    is_active bool not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz,
    last_login timestamptz
);
create table ssh_keys (
    id text primary key,
    name text not null unique,
    fingerprint text not null unique,
    key_type text not null,
    public_key text not null,
    private_key_enc text not null,
    created_by text not null,
    created_at timestamptz not null,
    has_passphrase bool not null,
    description text
);
create table servers (
    name text primary key,
    host text not null,
    port int not null default 5432,
    pg_user text not null,
    password_enc text,
    ssh_user text not null,
    ssh_password_enc text,
    ssh_port int not null default 22,
    ssh_auth_type text not null default 'password',
    ssh_key_id text references ssh_keys (id),
    ssh_key_passphrase_enc text,
    created_at timestamptz not null default now(),
    updated_at timestamptz
);
create table audit_sessions (
    id bigserial primary key,
    timestamp timestamptz not null default now(),
    event_type text not null,
    username text not null,
    ip_address text,
    user_agent text,
    jti text,
    details text
);
create table system_log (
    id bigserial primary key,
    timestamp timestamptz not null default now(),
    level text not null,
    source text not null,
    message text not null,
    details text
);
create table settings (
    key text primary key,
    value text not null,
    value_type text not null default 'int',
    description text,
    updated_at timestamptz not null default now()
);

-- bcrypt as Python writes it: $2b$.
insert into users (login, password_hash, role, email, is_active)
select login, replace(crypt('{password}', gen_salt('bf', 6)), '$2a$', '$2b$'), role, email, is_active
from (values
    ('admin', 'admin', null, true),
    ('anna', 'operator', 'anna@example.org', false),
    ('a/b', 'viewer', null, true),
    ('odd', 'root', null, true),
    ('boris', 'viewer', 'no address', true)
) as people (login, role, email, is_active);
insert into users (login, password_hash) values ('cut', '$2b$12$short');

insert into ssh_keys values (
    '5b7b0c9e-1111-4222-8333-444455556666', 'deploy', 'SHA256:abc', 'rsa', 'ssh-ed25519 AAAAC3Nza pgmon@activity-monitor',
    pgp_sym_encrypt('the private half', '{key}'), 'admin', now(), true, 'imported'
);

insert into servers (name, host, pg_user, password_enc, ssh_user, ssh_auth_type, ssh_key_id, ssh_key_passphrase_enc)
values (
    'main', '127.0.0.1', 'monitor', pgp_sym_encrypt('pg-secret-ж', '{key}'), 'root', 'key',
    '5b7b0c9e-1111-4222-8333-444455556666', pgp_sym_encrypt('a passphrase', '{key}')
);
insert into servers (name, host, pg_user, password_enc, ssh_user, ssh_password_enc)
values
    ('plain', 'db.example.org', 'monitor', null, 'root', pgp_sym_encrypt('ssh-secret', '{key}')),
    ('broken', 'db.example.org', 'monitor', pgp_sym_encrypt('lost', 'another key'), '', null),
    ('x/y', 'db.example.org', 'monitor', null, '', null),
    ('odd-host', '127.1', 'monitor', null, '', null);

insert into settings (key, value) values
    ('collect_interval', '300'), ('retention_months', '24'), ('audit_retention_days', '5'), ('theme', 'dark');

insert into audit_sessions (timestamp, event_type, username, ip_address, details) values
    (now() - interval '1 day', 'login_success', 'admin', '10.0.0.1', null),
    (now() - interval '1 hour', 'login_failed', 'Мария', '10.0.0.2', null),
    (now() - interval '1 hour', 'login_failed', 'Мария', '10.0.0.2', null);
insert into system_log (timestamp, level, source, message) values
    (now() - interval '2 hours', 'info', 'system', 'Коллектор запущен: 4 задач'),
    (now() - interval '1 hour', 'error', 'maintenance', 'Ошибка обслуживания: нет места');

insert into db_info (server_name, datname, oid, creation_time)
select 'main', 'db' || n, 16384 + n, now() - interval '400 days' from generate_series(1, 20) n;

-- The months of the history and of now; none between.
do $$
declare
    month timestamptz;
begin
    set local timezone = 'UTC';
    foreach month in array array[date_trunc('month', now()) - interval '2 months', date_trunc('month', now())] loop
        execute format(
            'create table %I partition of statistics for values from (%L) to (%L)',
            'statistics_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month'
        );
    end loop;
end $$;

insert into statistics (server_name, ts, datname, numbackends, xact_commit, db_size, disk_free, disk_total)
select 'main', at, 'db' || n, 3, floor(extract(epoch from at) / 10), 1048576, 5e9, 1e10
from generate_series(1, {steps}) step
cross join lateral (
    select date_trunc('month', now(), 'UTC') - interval '2 months' + step * interval '{step_seconds} seconds' as at
) as moment
cross join generate_series(1, 20) n
order by step, n;

-- The newest ones: sizes come later, the disk did not answer, and nothing at all is known of one database.
insert into statistics (server_name, ts, datname, numbackends, xact_commit)
select 'main', now() - interval '1 microsecond', 'db' || n, 4, floor(extract(epoch from now()) / 10)
from generate_series(1, 19) n
union all
select 'main', now() - interval '1 microsecond', 'db20', null, null
union all
select 'forgotten', now() - interval '1 microsecond', 'db1', 1, 1;
