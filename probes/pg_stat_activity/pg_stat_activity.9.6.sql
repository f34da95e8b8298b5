-- PostgreSQL 9.6: clients and autovacuum workers only, and no backend_type to tell them by.
-- Rows that the role may not see have this text for a query, and NULL for nearly everything else.
select
    a.state,
    a.wait_event_type,
    coalesce(a.query not like 'autovacuum: %', true) as is_client,
    a.pid = pg_backend_pid() as is_own,
    coalesce(a.query = '<insufficient privilege>', false) as is_hidden,
    count(*) as backends,
    max(extract(epoch from clock_timestamp() - a.xact_start))::float8 as transaction_age,
    (max(extract(epoch from clock_timestamp() - a.query_start)) filter (where a.state = 'active'))::float8 as query_age,
    current_setting('max_connections')::int8 as max_connections
from pg_stat_activity as a
group by 1, 2, 3, 4, 5
