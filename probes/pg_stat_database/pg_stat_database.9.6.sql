-- PostgreSQL 9.6 and newer.
-- The view counts milliseconds.
select
    s.datname,
    s.numbackends,
    s.xact_commit,
    s.xact_rollback,
    s.blks_read,
    s.blks_hit,
    s.tup_returned,
    s.tup_fetched,
    s.tup_inserted,
    s.tup_updated,
    s.tup_deleted,
    s.conflicts,
    s.temp_files,
    s.temp_bytes,
    s.deadlocks,
    s.blk_read_time / 1000 as blk_read_time,
    s.blk_write_time / 1000 as blk_write_time,
    coalesce(s.stats_reset, pg_postmaster_start_time() + s.datid::bigint % 1000000 * interval '1 microsecond') as since
from pg_stat_database as s
    join pg_database as d on d.oid = s.datid
where not d.datistemplate or d.datname not in ('template0', 'template1')
order by s.datname
