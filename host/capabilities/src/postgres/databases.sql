-- The databases that can be connected to, without those that cloud providers keep for themselves. 9.6 and later.
select d.datname::pg_catalog.text
from pg_catalog.pg_database d
where d.datallowconn
    and not d.datistemplate
    and d.datname not in (
        'rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys', 'alloydbadmin', 'alloydbmetadata'
    )
order by d.datname
