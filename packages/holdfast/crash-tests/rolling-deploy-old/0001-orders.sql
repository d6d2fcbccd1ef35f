-- No unique constraint prevents a second row: the test must be able to see one.
create table orders (id uuid not null, build text not null);
create table counted (id uuid not null);
create table mailed (id uuid not null);
