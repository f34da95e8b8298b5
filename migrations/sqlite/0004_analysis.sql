-- Criteria of the database analysis that differ from their defaults.
create table analysis_criterion (
    key text primary key,
    value integer not null,
    updated_at integer not null
) strict;
