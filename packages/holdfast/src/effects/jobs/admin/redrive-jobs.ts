import { checkLimit } from '../../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { findService, type JobsOf } from './find-service.ts'
import { inTransaction } from '../../../storage/postgres/transaction/in-transaction.ts'
import { jobListInvalid } from './job-errors.ts'
import { notifyReturned } from '../../wakes/notify.ts'
import { redriveDead, type RedrivenRow } from './queries/redrive-jobs.ts'
import { orUniqueTaken } from './unique-taken.ts'

/** Options of {@link redriveJobs}. */
export interface RedriveOptions extends JobsOf {
  /** Max number of jobs, from 1 to 10,000. Default 1,000. */
  readonly limit?: number
}

/** The outcome of {@link redriveJobs}. */
export interface RedrivenJobs {
  readonly service: string
  readonly name: string
  /** Ids of the redriven jobs, oldest first. */
  readonly ids: readonly string[]
  /**
   * The number of jobs with this name that are still dead, because of the limit or because another
   * job holds their unique key.
   */
  readonly left: number
}

const maxRedriven = 10_000

/**
 * Redrives the dead jobs with the given name, oldest first. Their attempts are counted from zero
 * again. Completed steps are not repeated, and limits apply.
 *
 * @throws HoldfastError `job-list-invalid` if the limit is out of range, `job-unique-taken`, or
 * `job-service-ambiguous`.
 *
 * @example
 * ```ts
 * const { ids, left } = await redriveJobs(pool, 'send-receipt', { limit: 100 })
 * ```
 */
export async function redriveJobs(
  client: StatementClient,
  name: string,
  { limit = 1_000, ...of }: RedriveOptions = {},
): Promise<RedrivenJobs> {
  checkLimit(limit, jobListInvalid, maxRedriven)
  return inTransaction(client, async (within) => {
    const service = await findService(within, name, of)
    const [row] = await orUniqueTaken(`One of the jobs "${name}"`, () =>
      runStatement<RedrivenRow>(within, redriveDead({ service, name, limit })),
    )
    await runStatement(within, notifyReturned(service, name))
    return { service, name, ids: row?.ids ?? [], left: row?.left ?? 0 }
  })
}
