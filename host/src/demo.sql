create table item (
    id int primary key,
    stock bigint not null default 0,
    changed_at timestamptz not null default now()
);
insert into item (id) select generate_series(1, 1000);
create table event (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    kind text not null,
    payload text not null default ''
);
create index event_at on event (at);
