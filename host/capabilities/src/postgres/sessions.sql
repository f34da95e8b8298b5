-- Client sessions but our own; `query` is empty for who may not read it. PostgreSQL 10 and later; 9.6 lists only such.
-- Where not all are shown, those that wait for a lock and the oldest transactions are.
with lock as (
    select l.pid,
           l.granted,
           l.locktype,
           l.mode,
           l.database,
           l.relation,
           (pg_catalog.to_jsonb(l) ->> 'waitstart')::timestamptz as waitstart -- 14 and later
      from pg_catalog.pg_locks l
     where (not l.granted or l.locktype = 'tuple')
       -- Locks are read only where somebody waits for one, or where the role may not see who does.
       and exists (
               select 1
                 from pg_catalog.pg_stat_activity a
                where a.datname is not null
                  and (a.wait_event_type = 'Lock' or a.state is null)
           )
), awaited as (
    select distinct on (l.pid)
           l.pid,
           l.locktype,
           l.mode,
           l.waitstart,
           coalesce(l.database, wanted.database) as database,
           coalesce(l.relation, wanted.relation) as relation
      from lock l
      -- Who wants a row waits for the transaction that has it, and meanwhile holds the place behind it.
      left join lock wanted
        on wanted.pid = l.pid
       and wanted.granted
       and l.locktype = 'transactionid'
     where not l.granted
)
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
       case when w.pid is not null then pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ',') end,
       w.locktype,
       w.mode,
       case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end,
       w.relation,
       w.waitstart
  from pg_catalog.pg_stat_activity a
  left join awaited w
    on w.pid = a.pid
  left join pg_catalog.pg_class c
    on c.oid = w.relation
       -- Of no database: a shared catalog, which is named in all of them.
   and w.database in (0, (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
  left join pg_catalog.pg_namespace n
    on n.oid = c.relnamespace
 where a.pid <> pg_catalog.pg_backend_pid()
   and a.datname is not null
 order by w.pid is null, a.xact_start nulls last, a.query_start desc nulls last
 limit $1
