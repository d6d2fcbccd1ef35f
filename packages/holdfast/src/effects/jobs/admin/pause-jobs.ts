import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { inTransaction } from '../../../storage/postgres/transaction/in-transaction.ts'
import { findService, type JobsOf } from './find-service.ts'
import { notifyReturned } from '../../wakes/notify.ts'
import { deletePause, insertPause, listPauseRows } from './queries/pauses.ts'

/** A job name that is paused. */
export interface JobPause {
  readonly service: string
  readonly name: string
  readonly pausedAt: Date
  /** The number of jobs with this name that have not ended, including running jobs. */
  readonly jobs: number
}

/**
 * Pauses the jobs with the given name: no worker starts them until {@link resumeJobs} is called.
 * Running jobs continue, and jobs can still be enqueued. Pausing a paused name changes nothing.
 *
 * @throws HoldfastError `job-service-ambiguous`.
 *
 * @example
 * ```ts
 * await pauseJobs(pool, 'send-receipt')
 * ```
 */
export async function pauseJobs(client: StatementClient, name: string, of: JobsOf = {}): Promise<JobPause> {
  const service = await findService(client, name, of)
  const [pause] = await runStatement<JobPause>(client, insertPause(service, name))
  return pause!
}

/**
 * Resumes the jobs with the given name. Returns true if the name was paused.
 *
 * @throws HoldfastError `job-service-ambiguous`.
 *
 * @example
 * ```ts
 * await resumeJobs(pool, 'send-receipt')
 * ```
 */
export async function resumeJobs(client: StatementClient, name: string, of: JobsOf = {}): Promise<boolean> {
  return inTransaction(client, async (within) => {
    const service = await findService(within, name, of)
    const resumed = await runStatement(within, deletePause(service, name))
    await runStatement(within, notifyReturned(service, name))
    return resumed.length > 0
  })
}

/**
 * Lists the paused job names.
 *
 * @example
 * ```ts
 * for (const { service, name } of await listPauses(pool)) console.log(service, name)
 * ```
 */
export async function listPauses(client: StatementClient): Promise<readonly JobPause[]> {
  return runStatement<JobPause>(client, listPauseRows())
}
