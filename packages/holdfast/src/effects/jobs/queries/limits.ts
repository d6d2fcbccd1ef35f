import type { Statement } from '../../../storage/postgres/statement/statement.ts'

// Statements about the limits of jobs: admission, the slots of concurrency keys, and the times at
// which rate limits let the next jobs run. holdfast.job_limits has one row per job name, kind of
// limit and key. The gate of a name is an advisory lock: its holder admits the jobs of the name.

/** A job that waits for admission by its limits. */
export interface GatedRow {
  readonly id: string
  readonly limit_key: string | null
  readonly has_slot: boolean
  readonly rate_key: string | null
  readonly rate_reserved: boolean
}

/** The current state of a limit. */
export interface LimitRow {
  readonly kind: 'concurrency' | 'rate'
  readonly key: string
  readonly slots: number
  /** Time until the next job may start, in milliseconds; zero or less if it may start now. */
  readonly next_ms: number
}

/**
 * Locks the gate of a name, so that only one process at a time admits the name's jobs, in order.
 * Returns whether the lock was taken.
 */
export function lockGate(service: string, name: string): Statement {
  return {
    name: 'holdfast_lock_gate',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast gate ' || $1 || ' ' || $2, 0)) as is_locked`,
    values: [service, name],
  }
}

/** Finds the next jobs that wait for admission, in order. */
export function findGated(service: string, name: string, batch: number): Statement {
  return {
    name: 'holdfast_find_gated',
    text: `
      select id, limit_key, has_slot, rate_key, rate_reserved from holdfast.jobs
      where service = $3 and name = $1 and state = 'limited'
      order by priority desc, seq
      limit $2
      -- This lock does not wait for a transaction that enqueues the same unique job; only claims
      -- wait for such a transaction.
      for no key update`,
    values: [name, batch, service],
  }
}

/** The limits of a name to lock or update. */
export interface LimitsOf<Limit> {
  readonly service: string
  readonly name: string
  readonly limits: readonly Limit[]
}

/** Locks limits in a fixed order, and inserts missing limits. */
export function lockLimits({ service, name, limits }: LimitsOf<Pick<LimitRow, 'kind' | 'key'>>): Statement {
  return {
    name: 'holdfast_lock_limits',
    text: `
      insert into holdfast.job_limits as limits (service, name, kind, key)
      select $4, $1, kind, key from unnest($2::text[], $3::text[]) as wanted (kind, key)
      order by kind, key
      on conflict (service, name, kind, key) do update set slots = limits.slots
      returning kind, key, slots, extract(epoch from next_at - clock_timestamp())::double precision * 1000 as next_ms`,
    values: [name, limits.map(({ kind }) => kind), limits.map(({ key }) => key), service],
  }
}

/** The admission decision on a job. */
export interface Admission {
  readonly id: string
  readonly state: 'ready' | 'blocked' | 'scheduled'
  readonly hasSlot: boolean
  readonly rateReserved: boolean
  /** Time until the rate limit lets the job run, in milliseconds. */
  readonly delayMs: number
}

/** Stores admission decisions. */
export function admit(admissions: readonly Admission[]): Statement {
  return {
    name: 'holdfast_admit',
    text: `
      update holdfast.jobs set
        -- Jobs become ready in the order in which they were admitted.
        seq = case when admitted.state = 'ready' then admitted.ready_seq else seq end,
        state = admitted.state, has_slot = admitted.has_slot, rate_reserved = admitted.rate_reserved,
        run_at = clock_timestamp() + make_interval(secs => admitted.delay_ms / 1000)
      from (
        select *, nextval('holdfast.job_order') as ready_seq
        from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::double precision[])
          as given (id, state, has_slot, rate_reserved, delay_ms)
      ) as admitted
      where jobs.id = admitted.id`,
    values: [
      admissions.map(({ id }) => id),
      admissions.map(({ state }) => state),
      admissions.map(({ hasSlot }) => hasSlot),
      admissions.map(({ rateReserved }) => rateReserved),
      admissions.map(({ delayMs }) => delayMs),
    ],
  }
}

/** Stores the new state of limits. */
export function updateLimits({ service, name, limits }: LimitsOf<LimitRow>): Statement {
  return {
    name: 'holdfast_update_limits',
    text: `
      update holdfast.job_limits as limits set
        slots = given.slots, next_at = clock_timestamp() + make_interval(secs => given.next_ms / 1000)
      from unnest($2::text[], $3::text[], $4::int[], $5::double precision[]) as given (kind, key, slots, next_ms)
      where limits.service = $6 and limits.name = $1 and limits.kind = given.kind and limits.key = given.key
        -- Keeps the planner from reading all limits of the name.
        and limits.key = any (array(select unnest($3::text[])))`,
    values: [
      name,
      limits.map(({ kind }) => kind),
      limits.map(({ key }) => key),
      limits.map(({ slots }) => slots),
      limits.map(({ next_ms }) => next_ms),
      service,
    ],
  }
}

/** A slot of a concurrency key. */
export interface Slot {
  readonly service: string
  readonly name: string
  readonly key: string
}

/** Returns the slot that a job holds. */
export function slotOf(service: string, { name, limit_key: key }: SlotHolder): Slot {
  return { service, name, key: key ?? '' }
}

interface SlotHolder {
  readonly name: string
  readonly limit_key: string | null
}

/**
 * Passes a slot on to the next job that is blocked by the same concurrency key, or frees it. The
 * limit is locked in a separate statement first, so that the second statement sees all blocked
 * jobs.
 */
export function releaseSlot({ service, name, key }: Slot): readonly Statement[] {
  return [
    {
      name: 'holdfast_lock_limit',
      text: `
        select 1 from holdfast.job_limits
        where service = $3 and name = $1 and kind = 'concurrency' and key = $2
        for update`,
      values: [name, key, service],
    },
    {
      name: 'holdfast_pass_slot_on',
      text: `
        with next as (
          select id from holdfast.jobs
          where service = $3 and name = $1 and limit_key = $2 and state = 'blocked'
          order by priority desc, seq
          limit 1
          for no key update
        ), promoted as (
          update holdfast.jobs set state = 'ready', has_slot = true, seq = default
          from next where jobs.id = next.id
          returning 1
        )
        update holdfast.job_limits set slots = greatest(slots - 1, 0)
        where service = $3 and name = $1 and kind = 'concurrency' and key = $2 and not exists (select from promoted)`,
      values: [name, key, service],
    },
  ]
}

/**
 * Deletes a batch of idle limits. A limit is idle if no slot is used and the next job may start. If
 * idle limits were not deleted, the table would keep a row for each key that was ever used. A
 * process that waits for the lock of a deleted limit inserts it again.
 */
export function pruneLimits(service: string, batch: number): Statement {
  return {
    name: 'holdfast_prune_limits',
    text: `
      with idle as materialized (
        select name, kind, key from holdfast.job_limits
        where service = $2 and slots = 0 and next_at < now() - interval '1 minute'
        limit $1
        for update skip locked
      )
      delete from holdfast.job_limits as limits using idle
      where limits.service = $2 and limits.name = idle.name and limits.kind = idle.kind and limits.key = idle.key`,
    values: [batch, service],
  }
}
