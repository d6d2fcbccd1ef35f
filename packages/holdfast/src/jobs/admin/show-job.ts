import { type AdminClient, run } from './admin-client.ts'
import { checkJobId, jobUnknown } from './job-errors.ts'
import { findJobRow } from './queries/find-job.ts'
import { listStepRows } from './queries/list-steps.ts'
import type { StoredJob, StoredStep } from './stored-job.ts'

type JobRow = Omit<StoredJob, 'worker' | 'steps'> & {
  readonly workerId: string | null
  readonly host: string
  readonly pid: number
  readonly beatAt: Date
}

/**
 * Finds a job with all that is known of it: its input as it was given, its steps, and the process that runs it.
 *
 * @throws HoldfastError `job-unknown`, or `job-id-invalid`.
 */
export async function showJob(client: AdminClient, id: string): Promise<StoredJob> {
  checkJobId(id)
  const [row] = await run<JobRow>(client, findJobRow(id))
  if (!row) throw jobUnknown(id)
  const steps = await run<StoredStep>(client, listStepRows(id))
  const { workerId, host, pid, beatAt, ...job } = row
  return { ...job, worker: workerId === null ? null : { id: workerId, host, pid, beatAt }, steps }
}
