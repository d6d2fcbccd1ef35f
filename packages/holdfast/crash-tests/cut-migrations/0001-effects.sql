-- No constraint prevents a second effect: the test must be able to see one.
create table effects (name text not null, what text not null);
create index on effects (name);
