-- Plugins that can be reloaded, switched off and taken back, and what they cost.

-- SHA-256 of the component that ran.
alter table run add column digest text;

-- What happens to plugins happens on no server. SQLite cannot take `not null` off a column.
alter table event rename to event_on_server;

create table event (
    id integer primary key,
    at integer not null,
    server blob references server (id),
    kind text not null,
    subject text not null,
    detail text not null
) strict;

insert into event (id, at, server, kind, subject, detail)
select id, at, server, kind, subject, detail from event_on_server;

drop table event_on_server;

create index event_at on event (at);
create index event_server on event (server, at);

-- Plugins that an admin switched off.
create table plugin_switch (
    plugin text primary key,
    switched_off_by text not null,
    switched_off_at integer not null
) strict;

-- What each plugin cost on each server, by hour and outcome (`collected`, `not-applicable` or the reason of a failure). A plugin of
-- the host itself has the id of no server (all zeros).
create table plugin_cost (
    plugin text not null,
    server blob not null,
    hour integer not null,
    outcome text not null,
    runs integer not null,
    duration_ms integer not null,
    cpu_us integer not null,
    memory_peak_bytes integer not null,
    queries integer not null,
    row_count integer not null,
    bytes integer not null,
    ssh_commands integer not null,
    host_call_us integer not null,
    primary key (plugin, server, hour, outcome)
) strict, without rowid;

create index plugin_cost_hour on plugin_cost (hour);
create index plugin_cost_server on plugin_cost (server, hour);
