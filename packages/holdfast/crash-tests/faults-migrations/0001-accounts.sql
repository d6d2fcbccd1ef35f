create table accounts (id integer primary key, balance integer not null);
insert into accounts select id, 0 from generate_series(1, 4) as id;

-- No constraint prevents a second effect, because the test must be able to detect one.
create table transfers (key text not null, source integer not null, target integer not null);

-- Makes each COMMIT take a while, so that a fault can hit it.
create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.003); return null; end $$;
create constraint trigger linger after insert on transfers deferrable initially deferred for each row execute function linger();
