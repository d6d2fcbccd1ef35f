-- No constraint prevents a second effect, because the test must be able to detect one.
create table effects (job uuid not null);
create table prepared (job uuid not null);
create table totals (effects integer not null);
insert into totals values (0);
-- The gates that the test has opened.
create table gates (name text primary key);
