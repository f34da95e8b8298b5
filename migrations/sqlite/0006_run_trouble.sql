-- Few runs fail, and those are looked for.
create index run_trouble on run (started_at) where outcome <> 'collected';
