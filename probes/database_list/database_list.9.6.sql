-- PostgreSQL 9.6 and newer. Before 11 a GRANT of pg_stat_file is not enough.
select
    d.oid,
    d.datname,
    pg_get_userbyid(d.datdba) as owner,
    pg_encoding_to_char(d.encoding) as encoding,
    d.datcollate as collation,
    d.datallowconn as allow_connections,
    d.datconnlimit as connection_limit,
    t.spcname as tablespace,
    case
        when current_setting('server_version_num')::int >= 110000
        then has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'execute')
        else (select r.rolsuper from pg_roles as r where r.rolname = current_user)
    end as may_stat
from pg_database as d
    join pg_tablespace as t on t.oid = d.dattablespace
-- A database that was made a template is still there.
where not d.datistemplate or d.datname not in ('template0', 'template1')
order by d.datname
