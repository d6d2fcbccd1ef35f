import type { Migration } from '../migrate/migration.ts'

/** The tables of jobs. */
export const jobMigrations: readonly Migration[] = [
  {
    name: '0001-jobs',
    sql: `
create table holdfast.jobs (
  id uuid primary key,
  -- The order in which they were enqueued.
  seq bigint generated always as identity,
  name text not null,
  -- As it was given: jsonb would refuse some texts that JSON allows.
  input json not null,
  -- scheduled: not before run_at. gated: until its limits let it through. parked: behind others of its concurrency key.
  -- ready: as soon as a worker has room. waiting: for a message, or until run_at. The last three have ended.
  state text not null
    check (state in ('scheduled', 'gated', 'parked', 'ready', 'waiting', 'running', 'succeeded', 'dead', 'cancelled')),
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  -- How often it has been claimed: the fencing token of whoever claimed it last.
  attempt integer not null default 0,
  -- How many tries have failed.
  failures integer not null default 0,
  worker uuid,
  unique_key text,
  -- What its concurrency limit is for, and whether it has a place among those that may run.
  limit_key text,
  has_place boolean not null default false,
  -- What its rate limit is for, and whether its turn has been given.
  rate_key text,
  has_turn boolean not null default false,
  -- Whether it is to end while it runs.
  is_cancelled boolean not null default false,
  progress jsonb,
  -- The last failure.
  failure jsonb,
  traceparent text,
  enqueued_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- When it is deleted; set when it has ended.
  expires_at timestamptz
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index jobs_ready on holdfast.jobs (name, priority desc, seq) where state = 'ready';
create index jobs_due on holdfast.jobs (run_at) where state in ('scheduled', 'waiting');
create index jobs_gated on holdfast.jobs (name, priority desc, seq) where state = 'gated';
create index jobs_parked on holdfast.jobs (name, limit_key, priority desc, seq) where state = 'parked';
create index jobs_running on holdfast.jobs (worker) where state = 'running';
create index jobs_expired on holdfast.jobs (expires_at) where expires_at is not null;
create unique index jobs_unique on holdfast.jobs (name, unique_key)
  where unique_key is not null and finished_at is null;

-- Ends a transaction whose job has been taken over by another attempt.
create function holdfast.check_fence(holds boolean) returns void language plpgsql as $$
begin
  if not holds then
    raise exception 'the job has been taken over, or cancelled' using errcode = 'HF001';
  end if;
end
$$;

-- The processes that work on jobs. One that has not been heard of is dead, and its jobs are taken over.
create table holdfast.job_workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now()
);

-- How many jobs of a concurrency key have a place, and when the next of a rate key may begin.
create table holdfast.job_limits (
  name text not null,
  kind text not null check (kind in ('concurrency', 'rate')),
  key text not null,
  places integer not null default 0,
  next_at timestamptz not null default now(),
  primary key (name, kind, key)
) with (fillfactor = 50);

-- What the steps of jobs have come to.
create table holdfast.job_steps (
  job_id uuid not null references holdfast.jobs on delete cascade,
  name text not null,
  result json,
  -- When a sleep or a wait that has not ended will.
  wakes_at timestamptz,
  is_done boolean not null,
  created_at timestamptz not null default now(),
  primary key (job_id, name)
);

-- Which messages jobs wait for.
create table holdfast.job_waits (
  job_id uuid not null references holdfast.jobs on delete cascade,
  step text not null,
  event text not null,
  key text not null,
  primary key (job_id, step)
);
create index job_waits_message on holdfast.job_waits (event, key);

-- Up to when the ticks of schedules have been dealt with.
create table holdfast.job_schedules (
  name text primary key,
  cron text not null,
  time_zone text not null,
  done_until timestamptz not null
);

-- Jobs that nobody begins for now.
create table holdfast.job_pauses (
  name text primary key,
  paused_at timestamptz not null default now()
);
`,
  },
  {
    name: '0002-job-beats',
    sql: `
-- The heartbeats of workers. Each is inserted, and those before it are deleted: an update would wait for whoever has locked
-- the row. No unique index and no foreign key, for the same reason.
create table holdfast.job_beats (
  worker uuid not null,
  at timestamptz not null default clock_timestamp()
);
create index job_beats_worker on holdfast.job_beats (worker);

alter table holdfast.job_workers drop column beat_at;
`,
  },
  {
    name: '0003-job-shares',
    sql: `
-- On whose behalf a job runs that has slots of its own.
alter table holdfast.jobs add column share_key text;
`,
  },
  {
    name: '0004-job-snoozes',
    sql: `
-- How often a job has asked to run later, which costs no attempt.
alter table holdfast.jobs add column snoozes integer not null default 0;
`,
  },
]
