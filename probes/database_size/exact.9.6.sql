-- PostgreSQL 9.6 and newer. NULL where the database was dropped just now.
select pg_database_size($1::int8::oid) as bytes
