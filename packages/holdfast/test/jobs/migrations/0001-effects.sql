create table effects (
  id bigint generated always as identity primary key,
  name text not null,
  at timestamptz not null default clock_timestamp()
);
