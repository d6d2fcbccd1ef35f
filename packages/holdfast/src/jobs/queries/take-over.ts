import type { Statement } from '../../postgres/statement.ts'

/** A running job whose worker is dead. */
export interface OrphanRow {
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly failures: number
  readonly worker: string
  readonly limit_key: string | null
  readonly has_place: boolean
}

/** Removes the workers without a heartbeat within the lease, but for the one that asks. */
export function forgetDead(leaseMs: number, self: string): Statement {
  return {
    name: 'holdfast_forget_dead',
    text: `
      delete from holdfast.job_workers
      where id in (
        select id from holdfast.job_workers
        where id <> $2
          and started_at < clock_timestamp() - make_interval(secs => $1::double precision / 1000)
          and not exists (
            select from holdfast.job_beats
            where worker = job_workers.id and at >= clock_timestamp() - make_interval(secs => $1::double precision / 1000)
          )
        for update skip locked
      )
      returning id, host, pid`,
    values: [leaseMs, self],
  }
}

/** Finds running jobs whose worker nobody knows. */
export function findOrphans(): Statement {
  return {
    name: 'holdfast_find_orphans',
    text: `
      select id, name, attempt, failures, worker, limit_key, has_place from holdfast.jobs
      where state = 'running' and not exists (select from holdfast.job_workers where job_workers.id = jobs.worker)
      limit 1000
      for update skip locked`,
    values: [],
  }
}

/**
 * Ends the sessions of a worker that is dead, and whatever they have locked: a process that was stopped, or is cut off, would hold its locks
 * against those who take its jobs over.
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
