-- Plugins that can be reloaded, switched off and taken back, and what they cost.

-- SHA-256 of the component that ran.
alter table run add column digest text;

-- What happens to plugins happens on no server.
alter table event alter column server drop not null;

-- Plugins that an admin switched off.
create table plugin_switch (
    plugin text primary key,
    switched_off_by text not null,
    switched_off_at timestamptz not null
);

-- What each plugin cost on each server, by hour and outcome (`collected`, `not-applicable` or the reason of a failure). A plugin of
-- the host itself has the id of no server (all zeros).
create table plugin_cost (
    plugin text not null,
    server uuid not null,
    hour timestamptz not null,
    outcome text not null,
    runs bigint not null,
    duration_ms bigint not null,
    cpu_us bigint not null,
    memory_peak_bytes bigint not null,
    queries bigint not null,
    row_count bigint not null,
    bytes bigint not null,
    ssh_commands bigint not null,
    host_call_us bigint not null,
    primary key (plugin, server, hour, outcome)
);

create index plugin_cost_hour on plugin_cost (hour);
create index plugin_cost_server on plugin_cost (server, hour);
