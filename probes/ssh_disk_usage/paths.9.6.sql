-- PostgreSQL 9.6: pg_xlog. Needs a superuser.
select
    current_setting('data_directory') as data_directory,
    current_setting('data_directory') || '/pg_xlog/' as wal_directory, -- the slash makes df follow a symbolic link
    case when current_setting('logging_collector')::bool then current_setting('log_directory') end as log_directory
