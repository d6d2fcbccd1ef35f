import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** Filters for a list of jobs; `null` disables a filter. */
export interface JobFilters {
  readonly service: string | null
  readonly name: string | null
  readonly states: readonly string[] | null
  readonly after: string | null
  readonly limit: number
}

/** Lists jobs, newest first: ordered by id, since ids begin with the time. */
export function listJobRows({ service, name, states, after, limit }: JobFilters): Statement {
  return {
    text: `
      select ${jobColumns}
      from holdfast.all_jobs as jobs
      where ($1::text is null or name = $1)
        and ($2::text[] is null or state = any ($2))
        and ($3::uuid is null or id < $3)
        and ($5::text is null or service = $5)
      order by id desc
      limit $4`,
    values: [name, states, after, limit, service],
  }
}

/** Finds a job with all of its columns and the process that runs it. */
export function findJobRow(id: string): Statement {
  return {
    text: `
      select ${jobColumns},
        jobs.input, jobs.progress, jobs.unique_key as "uniqueKey", jobs.limit_key as "limitKey", jobs.has_slot as "hasSlot",
        jobs.rate_key as "rateKey", jobs.traceparent, jobs.expires_at as "expiresAt",
        workers.id as "workerId", workers.host, workers.pid,
        greatest(
          workers.started_at,
          (select max(at) from holdfast.job_heartbeats where job_heartbeats.worker = workers.id)
        ) as "lastSeenAt"
      from holdfast.all_jobs as jobs
      left join holdfast.job_workers as workers on workers.id = jobs.worker
      where jobs.id = $1`,
    values: [id],
  }
}

/**
 * Lists the steps of a job in the order in which they started, each with the message it waits for.
 */
export function listStepRows(job: string): Statement {
  return {
    text: `
      select steps.name, steps.is_done as "isDone", steps.result, nullif(steps.wakes_at, 'infinity') as "wakesAt",
        steps.created_at as "createdAt",
        case when waits.event is not null then json_build_object('event', waits.event, 'key', waits.key) end as awaits
      from holdfast.job_steps as steps
      left join holdfast.job_waits as waits on waits.job_id = steps.job_id and waits.step = steps.name
      where steps.job_id = $1
      order by steps.created_at, steps.name`,
    values: [job],
  }
}

/** SQL for the columns of a job in a list. */
export const jobColumns = `
        jobs.id, jobs.service, jobs.name, jobs.tenant, jobs.state, jobs.priority, nullif(jobs.run_at, 'infinity') as "runAt",
        jobs.claim as claims, jobs.failures, jobs.failure, jobs.is_cancelled as "isCancelled",
        jobs.enqueued_at as "enqueuedAt", jobs.claimed_at as "startedAt", jobs.finished_at as "finishedAt"`
