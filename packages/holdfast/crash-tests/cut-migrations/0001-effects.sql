-- No constraint keeps a second effect out: that is what is to be seen.
create table effects (name text not null, what text not null);
create index on effects (name);
