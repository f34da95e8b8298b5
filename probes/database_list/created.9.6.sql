-- PostgreSQL 9.6 and newer. Needs execute on pg_stat_file(text, boolean).
-- The upper half of the system identifier is the second of initdb; template1 is as old as that, unless the files of the
-- cluster were copied since, and then no file is as old as its database.
-- A tablespace has a directory per major version and catalog version: pg_tblspc/16400/PG_15_202209061/16401/PG_VERSION.
with cluster as (
    select
        to_timestamp((system_identifier >> 32) & 4294967295) as initialised_at,
        'PG_' || case
            when current_setting('server_version_num')::int >= 100000
            then (current_setting('server_version_num')::int / 10000)::text
            else '9.6'
        end || '_' || catalog_version_no as version_directory
    from pg_control_system()
),
files as (
    select
        d.datname,
        d.datistemplate and d.datname in ('template0', 'template1') as is_pattern,
        (pg_stat_file(
            case
                when t.spcname = 'pg_default' then 'base'
                else 'pg_tblspc/' || t.oid || '/' || c.version_directory
            end || '/' || d.oid || '/PG_VERSION',
            true -- none if it was dropped just now
        )).modification as modified_at
    from pg_database as d
        join pg_tablespace as t on t.oid = d.dattablespace
        cross join cluster as c
    where d.datname <> 'template0'
)
select
    f.datname,
    f.modified_at as created_at,
    c.initialised_at,
    (select template1.modified_at from files as template1 where template1.datname = 'template1') as template1_at
from files as f
    cross join cluster as c
where not f.is_pattern
