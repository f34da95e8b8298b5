-- PostgreSQL 9.6 and newer. A location in the data directory is relative to it (allow_in_place_tablespaces).
select
    t.spcname,
    pg_tablespace_location(t.oid) as location
from pg_tablespace as t
where t.spcname not in ('pg_default', 'pg_global')
order by t.spcname
