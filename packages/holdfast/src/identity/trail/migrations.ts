import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of the trail, and the functions that create and drop its partitions. */
export const trailMigrations: readonly Migration[] = [
  {
    name: '0001-trail',
    sql: `
create table holdfast.trail (
  id uuid not null,
  -- The service whose operation was called.
  service text not null,
  at timestamptz not null default clock_timestamp(),
  operation text not null,
  caller_kind text not null,
  caller_id text,
  tenant text,
  -- What the call changed, such as order:42.
  target text,
  -- JSON. It is text, so that its hash does not depend on how Postgres prints JSON.
  details text,
  request_id text not null,
  trace_id text,
  -- The status of the answer.
  status smallint not null,
  -- Assigned after the commit, together with the hash.
  position bigint,
  -- The hash of this row and of the hash at the previous position.
  hash bytea,
  primary key (service, at, id)
) partition by range (at);
create index trail_positions on holdfast.trail (service, position);
create index trail_unchained on holdfast.trail (service, at, id) where position is null;

-- The end of the chain of each service.
create table holdfast.trail_heads (
  service text primary key,
  position bigint not null,
  hash bytea not null
);

-- The positions that were dropped with a partition. The hash is that of the last position, from
-- which the chain continues.
create table holdfast.trail_anchors (
  service text not null,
  first bigint not null,
  last bigint not null,
  hash bytea not null,
  partition text not null,
  dropped_at timestamptz not null default clock_timestamp(),
  primary key (service, first)
);

create function holdfast.guard_trail() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.position is null and new.position is not null and new.hash is not null then
      old.position := new.position;
      old.hash := new.hash;
      if old is not distinct from new then return new; end if;
    end if;
  end if;
  raise exception 'the trail is append-only: % is refused', tg_op
    using errcode = '42501', hint = 'Drop whole partitions with "holdfast trail prune".';
end $$;
create function holdfast.guard_trail_anchors() returns trigger language plpgsql as $$
begin
  raise exception 'the anchors of the trail are append-only: % is refused', tg_op using errcode = '42501';
end $$;
create trigger append_only before update or delete on holdfast.trail
  for each row execute function holdfast.guard_trail();
create trigger no_truncate before truncate on holdfast.trail
  for each statement execute function holdfast.guard_trail();
create trigger append_only before update or delete on holdfast.trail_anchors
  for each row execute function holdfast.guard_trail_anchors();
create trigger no_truncate before truncate on holdfast.trail_anchors
  for each statement execute function holdfast.guard_trail_anchors();

-- Receives the rows of months that have no partition.
create table holdfast.trail_rest partition of holdfast.trail default;
create trigger no_truncate before truncate on holdfast.trail_rest
  for each statement execute function holdfast.guard_trail();

-- Creates the partitions of this month and of the next months. It runs with the rights of the owner
-- of the tables, because a service may run as another role. A table is attached rather than created
-- as a partition, so that calls do not wait. A month with rows in trail_rest gets no partition.
create function holdfast.create_trail_partitions(months integer) returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  first timestamp;
  name text;
begin
  perform pg_advisory_xact_lock(hashtextextended('holdfast trail partitions', 0));
  for n in 0..least(months, 12) loop
    first := date_trunc('month', now() at time zone 'UTC') + make_interval(months => n);
    name := 'trail_' || to_char(first, 'YYYY_MM');
    continue when to_regclass('holdfast.' || name) is not null;
    continue when exists (
      select from holdfast.trail_rest
      where at >= first at time zone 'UTC' and at < (first + interval '1 month') at time zone 'UTC');
    execute format('create table holdfast.%I (like holdfast.trail including all)', name);
    execute format(
      'create trigger no_truncate before truncate on holdfast.%I for each statement execute function holdfast.guard_trail()',
      name);
    execute format('alter table holdfast.trail attach partition holdfast.%I for values from (%L) to (%L)',
      name, first at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
    return next name;
  end loop;
end $$;

-- Drops the partitions of the months that ended before a time. Returns the anchors.
create function holdfast.drop_trail_partitions(before timestamptz) returns setof holdfast.trail_anchors
language plpgsql as $$
declare
  name text;
  has_unchained boolean;
begin
  for name in
    select c.relname from pg_inherits join pg_class as c on c.oid = inhrelid
    where inhparent = 'holdfast.trail'::regclass and c.relname <> 'trail_rest'
      and (to_date(substr(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before
    order by c.relname
  loop
    lock table holdfast.trail in access exclusive mode;
    execute format('select exists (select from holdfast.%I where position is null)', name) into has_unchained;
    if has_unchained then
      raise exception 'the partition % has rows that are not chained yet', name
        using errcode = '55000', hint = 'Start a worker of the service, and prune again later.';
    end if;
    return query execute format('
      with islands as (
        select service, min(position) as first, max(position) as last
        from (
          select service, position,
            position - row_number() over (partition by service order by position) as island
          from holdfast.%1$I
        ) as numbered
        group by service, island
      )
      insert into holdfast.trail_anchors (service, first, last, hash, partition)
      select islands.service, islands.first, islands.last, rows.hash, %1$L
      from islands join holdfast.%1$I as rows on rows.service = islands.service and rows.position = islands.last
      order by 1, 2
      returning *', name);
    execute format('drop table holdfast.%I', name);
  end loop;
end $$;

select holdfast.create_trail_partitions(3);
`,
  },
]
