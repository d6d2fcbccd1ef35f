-- No unique constraints: what is done twice has to be seen.
create table orders (id uuid not null, build text not null);
create table counted (id uuid not null);
create table mailed (id uuid not null);
