create table effects (
  id bigint generated always as identity primary key,
  name text not null,
  run_by text not null default ''
);

create table cells (
  id int primary key,
  value int not null
);

insert into cells values (1, 0), (2, 0);

-- Fails at the commit rather than at the statement.
create table promises (id int primary key, kept_by int references cells (id) deferrable initially deferred);

create procedure commit_alone() language plpgsql as $$ begin commit; end $$;
