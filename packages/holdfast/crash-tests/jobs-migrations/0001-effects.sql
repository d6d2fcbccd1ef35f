-- No constraint keeps a second effect out: that is what is to be seen.
create table effects (job uuid not null);
create table prepared (job uuid not null);
create table totals (effects integer not null);
insert into totals values (0);
