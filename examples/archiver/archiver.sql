-- PostgreSQL 9.6 and newer.
select
    a.archived_count,
    a.failed_count,
    extract(epoch from a.last_archived_time)::float8 as last_archived,
    a.stats_reset as since
from pg_stat_archiver as a
