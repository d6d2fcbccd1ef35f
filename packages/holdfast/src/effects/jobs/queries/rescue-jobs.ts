import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { ClaimOf } from '../claim/claim-of.ts'

/** A claimed job whose worker is dead. */
export interface OrphanRow extends ClaimOf {
  readonly name: string
  readonly failures: number
  /** True if its attempt was marked as started. */
  readonly has_begun: boolean
  readonly limit_key: string | null
  readonly has_slot: boolean
}

/** The lease of the workers of a service. */
export interface Lease {
  readonly service: string
  readonly leaseMs: number
  /** The id of the worker that asks. */
  readonly self: string
}

/**
 * Removes the workers of a service without a heartbeat within the lease, except the one that asks.
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

/** Finds claimed jobs of a service whose worker was removed. */
export function findOrphans(service: string): Statement {
  return {
    name: 'holdfast_find_orphans',
    text: `
      select id, claim, name, failures, started_at is not null as has_begun, limit_key, has_slot from holdfast.jobs
      where service = $1 and worker is not null
        and not exists (select from holdfast.job_workers where job_workers.id = jobs.worker)
      limit 1000
      for update skip locked`,
    values: [service],
  }
}

/**
 * Ends the sessions of a dead worker. A process that was stopped or is cut off would otherwise keep
 * locks that the workers rescuing its jobs need.
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
