import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'

// Statements about workers: registrations, heartbeats, and the search for dead workers and their
// jobs.

/** The data of a registered worker. */
export interface RegisteredWorker {
  readonly service: string
  readonly host: string
  readonly pid: number
}

/** Registers a worker. The registration counts as its first heartbeat. */
export function registerWorker(id: string, { service, host, pid }: RegisteredWorker): Statement {
  return {
    name: 'holdfast_register_worker',
    text: 'insert into holdfast.job_workers (id, service, host, pid) values ($1, $2, $3, $4)',
    values: [id, service, host, pid],
  }
}

/**
 * Inserts a heartbeat of a worker, unless it was declared dead, and deletes its earlier heartbeats.
 *
 * The statement never waits for the locks of other transactions. It does not lock the worker's row,
 * the table has no unique index, and old heartbeats that are locked are skipped.
 */
export function sendHeartbeat(id: string): Statement {
  return {
    text: `
      with old as (
        delete from holdfast.job_heartbeats
        where ctid = any (array(
          select ctid from holdfast.job_heartbeats where worker = $1 for update skip locked
        ))
      )
      insert into holdfast.job_heartbeats (worker)
      select id from holdfast.job_workers where id = $1`,
    values: [id],
  }
}

/** Removes a worker that stops. {@link deleteOldHeartbeats} deletes its heartbeats. */
export function forgetWorker(id: string): Statement {
  return {
    name: 'holdfast_forget_worker',
    text: 'delete from holdfast.job_workers where id = $1',
    values: [id],
  }
}

/** Deletes the heartbeats of workers that have stopped or were declared dead. */
export function deleteOldHeartbeats(): Statement {
  return {
    name: 'holdfast_delete_old_beats',
    text: `
      delete from holdfast.job_heartbeats
      where ctid = any (array(
        select ctid from holdfast.job_heartbeats
        where not exists (select from holdfast.job_workers where job_workers.id = job_heartbeats.worker)
        for update skip locked
      ))`,
  }
}

/** A claimed job of a dead worker. */
export interface OrphanRow extends ClaimOf {
  readonly name: string
  readonly failures: number
  /** True if its attempt was marked as started. */
  readonly has_begun: boolean
  readonly limit_key: string | null
  readonly has_slot: boolean
}

/** The lease that a service's workers have. */
export interface Lease {
  readonly service: string
  readonly leaseMs: number
  /** The id of the worker that runs the query. */
  readonly self: string
}

/**
 * Deletes a service's workers without a heartbeat within the lease, except the worker that runs the
 * query.
 */
export function forgetDead({ service, leaseMs, self }: Lease): Statement {
  return {
    name: 'holdfast_forget_dead',
    text: `
      delete from holdfast.job_workers
      where id in (
        select id from holdfast.job_workers
        where service = $3 and id <> $2
          and started_at < clock_timestamp() - make_interval(secs => $1::double precision / 1000)
          and not exists (
            select from holdfast.job_heartbeats
            where worker = job_workers.id and at >= clock_timestamp() - make_interval(secs => $1::double precision / 1000)
          )
        for update skip locked
      )
      returning id, host, pid`,
    values: [leaseMs, self, service],
  }
}

/** Finds a service's claimed jobs whose worker was removed. */
export function findOrphans(service: string): Statement {
  return {
    name: 'holdfast_find_orphans',
    // Reads one index entry for each worker with jobs. Reads jobs only if their worker is gone.
    text: `
      with recursive holders as (
        (select worker from holdfast.jobs where worker is not null order by worker limit 1)
        union all
        select next.worker from holders
        cross join lateral (
          select worker from holdfast.jobs where worker > holders.worker order by worker limit 1
        ) as next
      )
      select id, claim, name, failures, started_at is not null as has_begun, limit_key, has_slot from holdfast.jobs
      where service = $1 and worker = any (array(
        select worker from holders
        where not exists (select from holdfast.job_workers where job_workers.id = holders.worker)
      ))
      limit 1000
      for update skip locked`,
    values: [service],
  }
}

/**
 * Terminates the sessions of a dead worker. If its process was only paused or cut off from the
 * network, its sessions would otherwise keep locks that the next attempts of its jobs need.
 */
export function endSessions(applicationNames: readonly string[]): Statement {
  return {
    name: 'holdfast_end_sessions',
    text: `
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = any ($1::text[]) and datname = current_database() and usename = current_user`,
    values: [applicationNames],
  }
}

/**
 * Returns the time, in milliseconds, until the next lease of another worker ends if no more
 * heartbeats arrive. `null` if there is no other worker.
 */
export function nextDeath({ service, leaseMs, self }: Lease): Statement {
  return {
    name: 'holdfast_next_death',
    text: `
      select $1 - extract(epoch from clock_timestamp() - min(last_at))::double precision * 1000 as next_ms
      from (
        select greatest(started_at, (select max(at) from holdfast.job_heartbeats where worker = job_workers.id)) as last_at
        from holdfast.job_workers where service = $3 and id <> $2
      ) as workers`,
    values: [leaseMs, self, service],
  }
}
