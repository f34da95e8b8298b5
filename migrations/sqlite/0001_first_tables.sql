-- The tables of the store, for SQLite. Times are microseconds since 1970 UTC, ids are UUIDs (16 bytes), lists and maps are JSON.
-- Keep in step with ../postgres: the names are the same, only types and partitions differ.

-- Users of the API and their sessions.
create table users (
    login text primary key,
    password_hash text not null,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    email text,
    is_active integer not null,
    created_at integer not null,
    updated_at integer,
    last_login integer,
    credentials_version integer not null
) strict;

-- One row per refresh token. All tokens that follow from one login are a family.
create table refresh_token (
    jti blob primary key,
    family blob not null,
    parent blob,
    login text not null references users (login) on delete cascade,
    issued_at integer not null,
    expires_at integer not null,
    access_jti blob not null,
    access_expires_at integer not null,
    used_at integer,
    revoked_at integer
) strict;

create index refresh_token_family on refresh_token (family);
create index refresh_token_login on refresh_token (login);
create index refresh_token_expires_at on refresh_token (expires_at);

-- Access tokens that ended before they expired.
create table revoked_access (
    jti blob primary key,
    expires_at integer not null
) strict;

-- `folded` is user name and address in lower case, for searching.
create table audit_event (
    id integer primary key,
    at integer not null,
    event_type text not null,
    username text not null,
    ip_address text,
    user_agent text,
    jti text,
    details text,
    folded text not null
) strict;

create index audit_event_at on audit_event (at);
create index audit_event_type on audit_event (event_type, at);

-- `folded` is message and details in lower case, for searching.
create table system_log (
    id integer primary key,
    at integer not null,
    level text not null check (level in ('info', 'warning', 'error')),
    source text not null,
    message text not null,
    details text,
    folded text not null
) strict;

create index system_log_at on system_log (at);
create index system_log_level on system_log (level, at);

create table setting (
    key text primary key,
    value integer not null,
    updated_at integer not null
) strict;

-- Written to by the readiness check.
create table heartbeat (
    id integer primary key check (id = 1),
    at integer not null
) strict;

create table ssh_key (
    id blob primary key,
    name text not null unique,
    fingerprint text not null unique,
    key_type text not null,
    public_key text not null,
    private_key_sealed text not null,
    has_passphrase integer not null,
    description text,
    created_by text not null,
    created_at integer not null
) strict;

-- A deleted server stays, without secrets and without its name's claim, until its history is purged.
create table server (
    id blob primary key,
    name text not null,
    host text not null,
    port integer not null,
    pg_user text not null,
    database text not null,
    sslmode text not null,
    sslrootcert text,
    ssh_host text,
    ssh_port integer,
    ssh_user text,
    ssh_auth text check (ssh_auth in ('password', 'key')),
    ssh_key_id blob references ssh_key (id),
    tags text not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer
) strict;

create unique index server_name on server (name) where deleted_at is null;
create index server_ssh_key_id on server (ssh_key_id);

create table server_secret (
    server blob not null references server (id),
    kind text not null check (kind in ('postgres_password', 'ssh_password', 'ssh_key_passphrase')),
    sealed text not null,
    primary key (server, kind)
) strict, without rowid;

-- SSH host keys as they were when first seen.
create table ssh_host_key (
    server blob not null references server (id),
    address text not null,
    key text not null,
    pinned_at integer not null,
    primary key (server, address)
) strict, without rowid;

-- What the runs of all plugins tell of a server. `reachable` is null until one tells.
create table server_status (
    server blob primary key references server (id),
    identity text,
    identity_at integer,
    reachable integer,
    reachable_changed_at integer,
    reachable_told_at integer,
    unreachable_reason text,
    unreachable_detail text,
    last_success_at integer,
    last_failure_at integer,
    last_failure_plugin text,
    last_failure_reason text,
    last_failure_detail text
) strict;

-- One row per distinct declaration: the same set with other labels or metrics is another row.
create table metric_set (
    id integer primary key,
    name text not null,
    digest text not null,
    plugin text not null,
    declaration text not null,
    unique (name, digest)
) strict;

-- A stream is one server, one declaration and one combination of label values (a JSON array).
create table stream (
    id integer primary key,
    server blob not null references server (id),
    metric_set integer not null references metric_set (id),
    labels text not null,
    unique (server, metric_set, labels)
) strict;

-- One row of a stream: all values of its set at one time, as little-endian doubles; NaN = absent.
create table point (
    stream integer not null,
    ts integer not null,
    since integer,
    readings blob not null,
    primary key (stream, ts)
) strict, without rowid;

-- Sealed buckets of 3600, 14400 or 86400 seconds: the start in microseconds, then all aggregates, little-endian.
create table rollup (
    stream integer not null,
    resolution integer not null,
    ts integer not null,
    aggregates blob not null,
    primary key (stream, resolution, ts)
) strict, without rowid;

-- How far each resolution is sealed. Points before `sealing_to` that come later are noted in rollup_late.
create table rollup_progress (
    resolution integer primary key,
    sealed_to integer,
    sealing_to integer
) strict;

insert into rollup_progress (resolution) values (3600), (14400), (86400);

create table rollup_late (
    id integer primary key,
    stream integer not null,
    ts integer not null
) strict;

-- What exists or existed on a server.
create table entity (
    server blob not null references server (id),
    kind text not null,
    key text not null,
    attrs text not null,
    first_seen integer not null,
    last_seen integer not null,
    gone_at integer,
    primary key (server, kind, key)
) strict, without rowid;

create table event (
    id integer primary key,
    at integer not null,
    server blob not null references server (id),
    kind text not null,
    subject text not null,
    detail text not null
) strict;

create index event_at on event (at);
create index event_server on event (server, at);

-- Run reports without their samples. `server` is null for plugins that watch the host itself.
create table run (
    id blob primary key,
    plugin text not null,
    server blob references server (id),
    triggered_by text not null,
    started_at integer not null,
    duration_ms integer not null,
    ticks_skipped integer not null,
    outcome text not null check (outcome in ('collected', 'not-applicable', 'failed')),
    reason text,
    detail text not null,
    value_count integer not null,
    cost text not null,
    absences text not null,
    log text not null
) strict;

create index run_started_at on run (started_at);
create index run_server on run (server, started_at);
create index run_plugin on run (plugin, started_at);

-- The newest run of each plugin on each server; a plugin of the host itself has the id of no server (all zeros).
create table last_run (
    plugin text not null,
    server blob not null,
    run blob not null,
    started_at integer not null,
    last_success_at integer,
    failing_since integer,
    primary key (plugin, server)
) strict, without rowid;

create index last_run_run on last_run (run);
create index last_run_server on last_run (server);

create table plugin_state (
    plugin text not null,
    server blob not null,
    key text not null,
    value blob not null,
    primary key (plugin, server, key)
) strict;

-- The newest state of things as tables.
create table latest_table (
    server blob not null references server (id),
    plugin text not null,
    name text not null,
    at integer not null,
    row_count integer not null,
    content text not null,
    primary key (server, plugin, name)
) strict;
