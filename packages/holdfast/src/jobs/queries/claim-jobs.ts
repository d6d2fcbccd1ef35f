import type { Statement } from '../../postgres/statement.ts'

/** A job that a worker has claimed. */
export interface ClaimedRow {
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** The fencing token of this claim. */
  readonly attempt: number
  /** How many tries have failed before. */
  readonly failures: number
  readonly limit_key: string | null
  readonly has_place: boolean
  readonly traceparent: string | null
  /** How long it has been enqueued, in milliseconds. */
  readonly age_ms: number
}

/**
 * Claims jobs that are ready, those of the highest priority first, among them the oldest, leaving out those that others claim and those of
 * names that are paused.
 */
export function claimJobs(worker: string, names: readonly string[], room: number): Statement {
  return {
    name: 'holdfast_claim_jobs',
    text: `
      with picked as materialized (
        select picked.id
        from unnest($2::text[]) as wanted (name)
        cross join lateral (
          select id, priority, seq from holdfast.jobs
          where name = wanted.name and state = 'ready'
          order by priority desc, seq
          limit $3
          for update skip locked
        ) as picked
        where not exists (select from holdfast.job_pauses where job_pauses.name = wanted.name)
        order by picked.priority desc, picked.seq
        limit $3
      )
      update holdfast.jobs set state = 'running', attempt = attempt + 1, worker = $1, started_at = now()
      from picked where jobs.id = picked.id
      returning jobs.id, jobs.name, jobs.input, jobs.attempt, jobs.failures, jobs.limit_key, jobs.has_place,
        jobs.traceparent, extract(epoch from now() - jobs.enqueued_at)::double precision * 1000 as age_ms`,
    values: [worker, names, room],
  }
}
