-- Client sessions but our own; `query` is empty for who may not read it. PostgreSQL 10 and later; 9.6 lists only such.
select a.pid,
       a.usename::text,
       a.datname::text,
       a.application_name,
       pg_catalog.host(a.client_addr),
       a.backend_start,
       a.xact_start,
       a.query_start,
       a.wait_event_type,
       a.wait_event,
       a.state,
       pg_catalog."left"(a.query, 4096),
       pg_catalog.statement_timestamp(),
       case when a.wait_event_type = 'Lock' then pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ',') end
  from pg_catalog.pg_stat_activity a
 where a.pid <> pg_catalog.pg_backend_pid()
   and a.datname is not null
 order by a.state = 'active' desc nulls last, a.query_start desc nulls last
 limit $1
