create type mood as enum ('ok');
create table events (
  id int generated always as identity primary key,
  n int,
  ratio real,
  note text,
  mood mood,
  doc jsonb
);
