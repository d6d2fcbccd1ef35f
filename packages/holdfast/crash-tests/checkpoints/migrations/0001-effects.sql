-- No constraint keeps a second effect out: that is what is to be seen.
create table effects (n bigint generated always as identity, kind text not null, name text not null);
