import type { Migration } from '../../storage/migrations/migration.ts'

/** The migrations of the job tables. */
export const jobMigrations: readonly Migration[] = [
  {
    name: '0001-jobs',
    sql: `
-- The order in which jobs became ready.
create sequence holdfast.job_order;

-- The jobs that have not ended. Ended jobs are in ended_jobs, so this table stays small, no matter
-- how long ended jobs are kept.
create table holdfast.jobs (
  id uuid primary key,
  -- The service that enqueued the job. Its workers run the job.
  service text not null,
  name text not null,
  -- Assigned when the job is enqueued, and again if the job becomes ready later.
  seq bigint not null default nextval('holdfast.job_order'),
  -- The input as JSON text. Not jsonb, which rejects some texts that JSON allows.
  input json not null,
  -- scheduled: not due before run_at. limited: waits until its limits admit it. blocked: waits for
  -- a slot of its concurrency key. ready: starts as soon as a worker has a free slot. waiting:
  -- waits for a message, or until run_at.
  state text not null
    check (state in ('scheduled', 'limited', 'blocked', 'ready', 'waiting', 'running')),
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  -- The number of claims so far, which is the fencing token of the last claim. It only grows.
  claim integer not null default 0,
  -- The number of attempts that have failed.
  failures integer not null default 0,
  -- The number of snoozes, which do not count as attempts.
  snoozes integer not null default 0,
  -- The number of consecutive claims whose worker died before the attempt was marked as started.
  lost_claims smallint not null default 0,
  -- The worker that has claimed the job.
  worker uuid,
  unique_key text,
  -- True while no other job with the same unique key can be enqueued.
  holds_key boolean not null default false,
  -- True if the job holds its unique key until it ends; false if only until it is claimed.
  keeps_key boolean not null default false,
  -- The key of the job's concurrency limit, and whether the job has a slot.
  limit_key text,
  has_slot boolean not null default false,
  -- The key of the job's rate limit, and whether the limit has given the job a time to run.
  rate_key text,
  rate_reserved boolean not null default false,
  -- The share of a job with dedicated slots, such as its owner.
  share_key text,
  -- True if the job was cancelled while it was running, so its worker has to abort it.
  is_cancelled boolean not null default false,
  progress jsonb,
  -- The last failure.
  failure jsonb,
  traceparent text,
  -- The tenant of the transaction that enqueued the job. The job runs as this tenant.
  tenant text default nullif(current_setting('holdfast.tenant', true), ''),
  enqueued_at timestamptz not null default now(),
  claimed_at timestamptz,
  -- Set when the attempt was marked as started; null if the job is only claimed. In no index, so
  -- that setting it is cheap.
  started_at timestamptz
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter sequence holdfast.job_order owned by holdfast.jobs.seq;

create index jobs_ready on holdfast.jobs (service, name, priority desc, seq) where state = 'ready';
create index jobs_due on holdfast.jobs (service, run_at) where state in ('scheduled', 'waiting');
create index jobs_limited on holdfast.jobs (service, name, priority desc, seq) where state = 'limited';
create index jobs_blocked on holdfast.jobs (service, name, limit_key, priority desc, seq) where state = 'blocked';
-- The condition is not "state = 'running'": with it, the planner might read the whole index to find
-- one job by its id.
create index jobs_claimed on holdfast.jobs (worker) where worker is not null;
-- Each tenant has separate unique keys.
create unique index jobs_unique on holdfast.jobs (service, name, unique_key, coalesce(tenant, '')) where holds_key;

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
  -- True if a dead job still has its slot, so that later jobs of its key wait.
  has_slot boolean not null default false,
  rate_key text,
  share_key text,
  is_cancelled boolean not null,
  progress jsonb,
  failure jsonb,
  traceparent text,
  tenant text,
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
    limit_key, has_slot, rate_key, share_key, is_cancelled, progress, failure, traceparent, tenant, enqueued_at, claimed_at,
    null::timestamptz as finished_at, null::timestamptz as expires_at
  from holdfast.jobs
  union all
  select id, service, name, seq, input, state, priority, run_at, claim, failures, snoozes, null::uuid, unique_key, keeps_key,
    limit_key, has_slot, rate_key, share_key, is_cancelled, progress, failure, traceparent, tenant, enqueued_at, claimed_at,
    finished_at, expires_at
  from holdfast.ended_jobs;

-- Fails the transaction of an attempt that no longer holds its job.
create function holdfast.check_fence(holds boolean) returns void language plpgsql as $$
begin
  if not holds then
    raise exception 'the job was rescued by another worker, or cancelled' using errcode = 'HF001';
  end if;
end
$$;

-- The job names that each service declares, for commands that get a job name but no service.
create table holdfast.job_names (
  service text not null,
  name text not null,
  primary key (service, name)
);

-- The workers. A worker without a recent heartbeat is dead, and its jobs are rescued.
create table holdfast.job_workers (
  id uuid primary key,
  service text not null,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now()
);

-- The heartbeats of workers. Each heartbeat is a new row, and earlier rows are deleted: an update
-- would wait if the row is locked. For the same reason, there is no unique index and no foreign
-- key.
create table holdfast.job_heartbeats (
  worker uuid not null,
  at timestamptz not null default clock_timestamp()
);
create index job_heartbeats_worker on holdfast.job_heartbeats (worker);

-- The number of used slots of a concurrency key, or the time when the next job of a rate key may
-- start.
create table holdfast.job_limits (
  service text not null,
  name text not null,
  kind text not null check (kind in ('concurrency', 'rate')),
  key text not null,
  slots integer not null default 0,
  next_at timestamptz not null default now(),
  primary key (service, name, kind, key)
) with (fillfactor = 50);

-- The results of steps. They are kept as long as their job, even after it has ended, so a redriven
-- job does not repeat completed steps.
create table holdfast.job_steps (
  job_id uuid not null,
  name text not null,
  result json,
  -- When the current sleep or wait of the step ends.
  wakes_at timestamptz,
  is_done boolean not null,
  created_at timestamptz not null default now(),
  primary key (job_id, name)
);

-- The messages that jobs wait for. Deleted when their job ends.
create table holdfast.job_waits (
  job_id uuid not null,
  step text not null,
  -- The service that publishes the message.
  publisher text not null,
  event text not null,
  key text not null,
  primary key (job_id, step)
);
create index job_waits_message on holdfast.job_waits (event, key, publisher);

-- The schedules, with the time up to which their ticks have been enqueued.
create table holdfast.job_schedules (
  service text not null,
  name text not null,
  cron text not null,
  time_zone text not null,
  done_until timestamptz not null,
  primary key (service, name)
);

-- The paused job names.
create table holdfast.job_pauses (
  service text not null,
  name text not null,
  paused_at timestamptz not null default now(),
  primary key (service, name)
);
`,
  },
]
