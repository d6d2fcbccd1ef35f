-- No constraint prevents a second effect: the test must be able to see one.
create table effects (n bigint generated always as identity, kind text not null, name text not null);
