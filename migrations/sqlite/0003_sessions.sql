-- What a user is shown of each session. `started_at` is that of the first token of the family; null in tokens from before.
alter table refresh_token add column started_at integer;
alter table refresh_token add column ip_address text;
alter table refresh_token add column user_agent text;
