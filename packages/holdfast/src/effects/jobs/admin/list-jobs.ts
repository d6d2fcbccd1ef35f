import { checkLimit, defaultListed } from '../../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { listJobRows } from './queries/read-jobs.ts'
import { checkJobId, jobListInvalid } from './job-errors.ts'
import type { ListedJob } from './stored-job.ts'
import type { JobState } from '../states.ts'

/** Options of {@link listJobs}. */
export interface ListJobsOptions {
  /** Only jobs of this service. Default: all services on the database. */
  readonly service?: string
  /** Only jobs of this name. Default: all names. */
  readonly name?: string
  /** Only jobs in these states. Default: all states. */
  readonly states?: readonly JobState[]
  /** The id of the previous page's last job. Default: the first page. */
  readonly after?: string
  /** Max number of jobs, from 1 to 1,000. Default 50. */
  readonly limit?: number
}

/**
 * Lists jobs, including ended jobs that have not been deleted yet. The most recently enqueued jobs
 * come first (to the millisecond).
 *
 * @throws HoldfastError `job-list-invalid` if the limit is out of range, `job-id-invalid` if
 * `after` is not a job id.
 *
 * @example
 * ```ts
 * const dead = await listJobs(pool, { name: 'send-receipt', states: ['dead'] })
 * ```
 */
export async function listJobs(
  client: StatementClient,
  options: ListJobsOptions = {},
): Promise<readonly ListedJob[]> {
  const { service = null, name = null, states = null, after = null, limit = defaultListed } = options
  checkLimit(limit, jobListInvalid)
  if (after !== null) checkJobId(after)
  return runStatement<ListedJob>(client, listJobRows({ service, name, states, after, limit }))
}
