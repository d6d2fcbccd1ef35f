import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { checkJobId } from './job-errors.ts'
import { listJobRows } from './queries/read-jobs.ts'
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
  /** The id of the last job of the previous page. Default: the first page. */
  readonly after?: string
  /** Max number of jobs, from 1 to 1,000. Default 50. */
  readonly limit?: number
}

const maxListed = 1_000

/**
 * Lists jobs that have not been deleted, the most recently enqueued first (to the millisecond).
 *
 * @throws HoldfastError `job-list-invalid` if the limit is out of range, `job-id-invalid` if
 * `after` is not a job id.
 */
export async function listJobs(
  client: StatementClient,
  options: ListJobsOptions = {},
): Promise<readonly ListedJob[]> {
  const { service = null, name = null, states = null, after = null, limit = 50 } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListed) {
    throw new HoldfastError(
      'job-list-invalid',
      `The limit ${limit} of a list of jobs must be an integer from 1 to ${maxListed}.`,
    )
  }
  if (after !== null) checkJobId(after)
  return runStatement<ListedJob>(client, listJobRows({ service, name, states, after, limit }))
}
