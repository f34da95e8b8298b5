-- PostgreSQL 18 and newer: parallel workers.
-- The view counts milliseconds.
-- The row of shared objects (datid 0) has no datname.
-- From 15 on a crash of any backend takes all counters and leaves stats_reset null: when it was, the background writer knows.
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
    s.checksum_failures,
    extract(epoch from s.checksum_last_failure)::float8 as checksum_last_failure,
    s.blk_read_time / 1000 as blk_read_time,
    s.blk_write_time / 1000 as blk_write_time,
    s.session_time / 1000 as session_time,
    s.active_time / 1000 as active_time,
    s.idle_in_transaction_time / 1000 as idle_in_transaction_time,
    s.sessions,
    s.sessions_abandoned,
    s.sessions_fatal,
    s.sessions_killed,
    s.parallel_workers_to_launch,
    s.parallel_workers_launched,
    coalesce(
        s.stats_reset,
        greatest(pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())
            + s.datid::bigint % 1000000 * interval '1 microsecond'
    ) as since
from pg_stat_database as s
    left join pg_database as d on d.oid = s.datid
where s.datid = 0 or not d.datistemplate or d.datname not in ('template0', 'template1')
order by s.datname
