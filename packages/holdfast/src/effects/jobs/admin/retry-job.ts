import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { inTransaction } from '../../../storage/postgres/transaction/in-transaction.ts'
import { notifyReturned } from '../../wakes/notify.ts'
import { checkJobId, jobUnknown } from './job-errors.ts'
import { type RetriedRow, retryJobNow } from './queries/retry-job.ts'
import type { JobState } from '../states.ts'
import { orUniqueTaken } from './unique-taken.ts'

/** A job made due by {@link retryJob}. */
export interface RetriedJob {
  readonly id: string
  readonly service: string
  readonly name: string
  /** `ready`, or `limited` if the job's limits must admit it first. */
  readonly state: JobState
}

/**
 * Makes a dead or scheduled job due now. Failed attempts still count, so a dead job gets one more
 * attempt. Limits apply.
 *
 * @throws HoldfastError `job-unknown`, `job-id-invalid`, `job-not-retriable` if the job is neither
 * dead nor scheduled, or `job-unique-taken`.
 *
 * @example
 * ```ts no-run
 * const job = await retryJob(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function retryJob(client: StatementClient, id: string): Promise<RetriedJob> {
  checkJobId(id)
  return inTransaction(client, async (within) => {
    const [row] = await orUniqueTaken(`The job ${id}`, () =>
      runStatement<RetriedRow>(within, retryJobNow(id)),
    )
    if (!row) throw jobUnknown(id)
    if (row.new_state === null) throw notRetriable(id, row)
    await runStatement(within, notifyReturned(row.service, row.name))
    return { id, service: row.service, name: row.name, state: row.new_state }
  })
}

function notRetriable(id: string, { name, state }: RetriedRow): HoldfastError {
  return new HoldfastError(
    'job-not-retriable',
    `The job ${id} (${name}) is ${state === 'scheduled' ? 'scheduled by its rate limit' : state}. Only a dead job, or a scheduled job that does not wait for its rate limit, can be retried.`,
  )
}
