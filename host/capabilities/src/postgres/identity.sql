-- What every PostgreSQL server tells without privileges. 9.6 and later.
-- pg_settings does not list data_directory to who may not read it.
select pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.pg_postmaster_start_time(),
       (select s.setting from pg_catalog.pg_settings s where s.name operator(pg_catalog.=) 'data_directory'),
       pg_catalog.current_setting('is_superuser') operator(pg_catalog.=) 'on',
       (select coalesce(pg_catalog.json_object_agg(e.extname, e.extversion), '{}')::pg_catalog.text
        from pg_catalog.pg_extension e)
