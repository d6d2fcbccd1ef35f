-- No constraint prevents a second effect, because the test must be able to detect one.
create table effects (name text not null, what text not null);
create index on effects (name);
