-- No unique constraint prevents a second row, because the test must be able to detect one.
create table orders (id uuid not null, build text not null);
create table counted (id uuid not null);
create table mailed (id uuid not null);
