-- PostgreSQL 10 and later.
select pg_catalog.pg_has_role(current_user, 'pg_monitor', 'member')
