-- PostgreSQL 9.6 and newer. Tables, their TOAST, materialised views, indexes and sequences of the connected database, as
-- VACUUM, ANALYZE or CREATE INDEX counted them last; neither free space maps nor temporary files.
select coalesce(sum(c.relpages::int8 * current_setting('block_size')::int8), 0)::int8 as bytes
from pg_class as c
where c.relkind in ('r', 't', 'm', 'i', 'S') and not c.relisshared
