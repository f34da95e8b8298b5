-- Criteria of the database analysis that differ from their defaults.
create table analysis_criterion (
    key text primary key,
    value bigint not null,
    updated_at timestamptz not null
);
