import type { Migration } from '../../storage/migrations/migration.ts'

/** The migrations of the job tables. */
export const jobMigrations: readonly Migration[] = [
  {
    name: '0001-jobs',
    sql: `
-- The order in which jobs became ready.
create sequence holdfast.job_order;

-- The jobs that have not ended. Those that have are in ended_jobs: this table is small, whatever is kept.
create table holdfast.jobs (
  id uuid primary key,
  -- The service that enqueued it, and whose workers run it.
  service text not null,
  name text not null,
  -- Assigned when it is enqueued, and again when it becomes ready later.
  seq bigint not null default nextval('holdfast.job_order'),
  -- As it was given: jsonb would refuse some texts that JSON allows.
  input json not null,
  -- scheduled: not before run_at. limited: until its limits let it through. blocked: behind others of its concurrency key.
  -- ready: as soon as a worker has a free slot. waiting: for a message, or until run_at.
  state text not null
    check (state in ('scheduled', 'limited', 'blocked', 'ready', 'waiting', 'running')),
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  -- The number of its claims: the fencing token of the last one. Never assigned twice.
  claim integer not null default 0,
  -- The number of attempts that have failed.
  failures integer not null default 0,
  -- The number of snoozes, which cost no attempt.
  snoozes integer not null default 0,
  -- The number of claims in a row whose worker died before it was known that they had begun.
  lost_claims smallint not null default 0,
  -- The worker that has claimed it.
  worker uuid,
  unique_key text,
  -- Whether it still stands for other jobs of its unique key.
  holds_key boolean not null default false,
  -- Whether it does so until it ends; otherwise until it is claimed.
  keeps_key boolean not null default false,
  -- The key of its concurrency limit, and whether it has a slot.
  limit_key text,
  has_slot boolean not null default false,
  -- The key of its rate limit, and whether its turn has been assigned.
  rate_key text,
  rate_reserved boolean not null default false,
  -- On whose behalf a job runs that has slots of its own.
  share_key text,
  -- Whether it is to be aborted while it runs.
  is_cancelled boolean not null default false,
  progress jsonb,
  -- The last failure.
  failure jsonb,
  traceparent text,
  enqueued_at timestamptz not null default now(),
  claimed_at timestamptz,
  -- Set when the attempt is known to have begun; null while it is only claimed. In no index, so that it is cheap to set.
  started_at timestamptz
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter sequence holdfast.job_order owned by holdfast.jobs.seq;

create index jobs_ready on holdfast.jobs (service, name, priority desc, seq) where state = 'ready';
create index jobs_due on holdfast.jobs (service, run_at) where state in ('scheduled', 'waiting');
create index jobs_limited on holdfast.jobs (service, name, priority desc, seq) where state = 'limited';
create index jobs_blocked on holdfast.jobs (service, name, limit_key, priority desc, seq) where state = 'blocked';
-- Not "where state = 'running'": the planner would read all of it for one job of a known id.
create index jobs_claimed on holdfast.jobs (worker) where worker is not null;
create unique index jobs_unique on holdfast.jobs (service, name, unique_key) where holds_key;

-- The jobs that have ended, each moved here by the statement that ends it.
create table holdfast.ended_jobs (
  id uuid primary key,
  service text not null,
  name text not null,
  seq bigint not null,
  input json not null,
  state text not null check (state in ('succeeded', 'dead', 'cancelled')),
  priority smallint not null,
  run_at timestamptz not null,
  claim integer not null,
  failures integer not null,
  snoozes integer not null,
  unique_key text,
  keeps_key boolean not null,
  limit_key text,
  -- Whether a dead job still has its slot, so that later ones of its key wait behind it.
  has_slot boolean not null default false,
  rate_key text,
  share_key text,
  is_cancelled boolean not null,
  progress jsonb,
  failure jsonb,
  traceparent text,
  enqueued_at timestamptz not null,
  claimed_at timestamptz,
  finished_at timestamptz not null default now(),
  expires_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index ended_jobs_expired on holdfast.ended_jobs (service, expires_at);
create index ended_jobs_dead on holdfast.ended_jobs (service, name, seq) where state = 'dead';

-- All jobs, for queries by hand.
create view holdfast.all_jobs as
  select id, service, name, seq, input, state, priority, run_at, claim, failures, snoozes, worker, unique_key, keeps_key,
    limit_key, has_slot, rate_key, share_key, is_cancelled, progress, failure, traceparent, enqueued_at, claimed_at,
    null::timestamptz as finished_at, null::timestamptz as expires_at
  from holdfast.jobs
  union all
  select id, service, name, seq, input, state, priority, run_at, claim, failures, snoozes, null::uuid, unique_key, keeps_key,
    limit_key, has_slot, rate_key, share_key, is_cancelled, progress, failure, traceparent, enqueued_at, claimed_at,
    finished_at, expires_at
  from holdfast.ended_jobs;

-- Fails a transaction whose job is no longer its attempt's.
create function holdfast.check_fence(holds boolean) returns void language plpgsql as $$
begin
  if not holds then
    raise exception 'the job has been taken over, or cancelled' using errcode = 'HF001';
  end if;
end
$$;

-- The jobs that each service declares, for commands that are given a name alone.
create table holdfast.job_names (
  service text not null,
  name text not null,
  primary key (service, name)
);

-- The processes that work on jobs. One without a heartbeat is dead, and its jobs are rescued.
create table holdfast.job_workers (
  id uuid primary key,
  service text not null,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now()
);

-- The heartbeats of workers. Each is inserted, and those before it are deleted: an update would wait
-- for a locked row. No unique index and no foreign key, for the same reason.
create table holdfast.job_heartbeats (
  worker uuid not null,
  at timestamptz not null default clock_timestamp()
);
create index job_heartbeats_worker on holdfast.job_heartbeats (worker);

-- The number of jobs of a concurrency key that have a slot, and when the next job of a rate key may begin.
create table holdfast.job_limits (
  service text not null,
  name text not null,
  kind text not null check (kind in ('concurrency', 'rate')),
  key text not null,
  slots integer not null default 0,
  next_at timestamptz not null default now(),
  primary key (service, name, kind, key)
) with (fillfactor = 50);

-- The results of steps. Kept as long as their job is, whichever table it is in: a job that is redriven does not repeat them.
create table holdfast.job_steps (
  job_id uuid not null,
  name text not null,
  result json,
  -- When a sleep or a wait that has not ended will.
  wakes_at timestamptz,
  is_done boolean not null,
  created_at timestamptz not null default now(),
  primary key (job_id, name)
);

-- The messages that jobs wait for. Deleted when their job ends.
create table holdfast.job_waits (
  job_id uuid not null,
  step text not null,
  -- The service whose messages they are.
  publisher text not null,
  event text not null,
  key text not null,
  primary key (job_id, step)
);
create index job_waits_message on holdfast.job_waits (event, key, publisher);

-- Up to when the ticks of schedules have been enqueued.
create table holdfast.job_schedules (
  service text not null,
  name text not null,
  cron text not null,
  time_zone text not null,
  done_until timestamptz not null,
  primary key (service, name)
);

-- The names whose jobs are not begun for now.
create table holdfast.job_pauses (
  service text not null,
  name text not null,
  paused_at timestamptz not null default now(),
  primary key (service, name)
);
`,
  },
]
