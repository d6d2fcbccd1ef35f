import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { checkJobId, jobUnknown } from './job-errors.ts'
import { findJobRow, listStepRows } from './queries/read-jobs.ts'
import type { StoredJob, StoredStep } from './stored-job.ts'

type JobRow = Omit<StoredJob, 'worker' | 'steps'> & {
  readonly workerId: string | null
  readonly host: string
  readonly pid: number
  readonly lastSeenAt: Date
}

/**
 * Returns a job in full, with its input, its steps and the process that runs it.
 *
 * @throws HoldfastError `job-unknown`, or `job-id-invalid`.
 *
 * @example
 * ```ts no-run
 * const job = await showJob(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function showJob(client: StatementClient, id: string): Promise<StoredJob> {
  checkJobId(id)
  const [row] = await runStatement<JobRow>(client, findJobRow(id))
  if (!row) throw jobUnknown(id)
  const steps = await runStatement<StoredStep>(client, listStepRows(id))
  const { workerId, host, pid, lastSeenAt, ...job } = row
  return { ...job, worker: workerId === null ? null : { id: workerId, host, pid, lastSeenAt }, steps }
}
