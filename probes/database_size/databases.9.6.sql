-- PostgreSQL 9.6 and newer. By oid: a rotation has to find its place again when databases come and go.
select
    d.oid,
    d.datname,
    quote_ident(d.datname) as quoted_datname,
    quote_ident(current_user) as role,
    d.datname = current_database() as is_connected
from pg_database as d
where not d.datistemplate or d.datname not in ('template0', 'template1')
order by d.oid
