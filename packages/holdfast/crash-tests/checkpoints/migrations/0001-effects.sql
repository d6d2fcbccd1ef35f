-- No constraint prevents a second effect, because the test must be able to detect one.
create table effects (n bigint generated always as identity, kind text not null, name text not null);
