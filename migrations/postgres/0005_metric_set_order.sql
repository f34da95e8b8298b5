-- A set that is declared as it was before is the newest again: after a roll back, or where an old text is put back.
alter table metric_set add column declared bigint not null default 0;
update metric_set set declared = id;
