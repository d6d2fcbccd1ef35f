import type { Statement } from '../../../../storage/postgres/statement/statement.ts'
import { jobColumns } from './job-columns.ts'

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
