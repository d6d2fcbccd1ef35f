import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { checkJobId } from './job-errors.ts'
import { listJobRows } from './queries/list-jobs.ts'
import type { JobState, ListedJob } from './stored-job.ts'

/** Options of {@link listJobs}. */
export interface ListJobsOptions {
  /** Default: all services on the database. */
  readonly service?: string
  /** Default: all names. */
  readonly name?: string
  /** Default: all states. */
  readonly states?: readonly JobState[]
  /** The id of the last job of the previous page. Default: the first page. */
  readonly before?: string
  /** Max number of jobs, 1 to 1,000. Default 50. */
  readonly limit?: number
}

const maxListed = 1_000

/**
 * Lists jobs that have not been deleted, those that were enqueued last first, to the millisecond.
 *
 * @throws HoldfastError `job-list-invalid` where the limit is none, `job-id-invalid` where `before` is none.
 */
export async function listJobs(
  client: StatementClient,
  options: ListJobsOptions = {},
): Promise<readonly ListedJob[]> {
  const { service = null, name = null, states = null, before = null, limit = 50 } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListed) {
    throw new HoldfastError(
      'job-list-invalid',
      `Jobs were asked for with the limit ${limit}; it has to be a whole number from 1 to ${maxListed}.`,
    )
  }
  if (before !== null) checkJobId(before)
  return runStatement<ListedJob>(client, listJobRows({ service, name, states, before, limit }))
}
