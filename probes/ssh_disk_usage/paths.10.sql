-- PostgreSQL 10 and newer. Needs pg_read_all_settings, which is in pg_monitor.
select
    current_setting('data_directory') as data_directory,
    current_setting('data_directory') || '/pg_wal/' as wal_directory, -- the slash makes df follow a symbolic link
    case when current_setting('logging_collector')::bool then current_setting('log_directory') end as log_directory
