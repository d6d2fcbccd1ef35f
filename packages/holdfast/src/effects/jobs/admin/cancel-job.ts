import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { type CancelledRow, cancelJob as cancelRow } from '../queries/finish.ts'
import { notify } from '../../wakes/notify.ts'
import { releaseSlot } from '../queries/limits.ts'
import { inTransaction } from '../../../storage/postgres/transaction/in-transaction.ts'
import { checkJobId, jobUnknown } from './job-errors.ts'
import { findJobRow } from './queries/read-jobs.ts'

/** A cancelled job. */
export interface CancelledJob {
  readonly id: string
  readonly service: string
  readonly name: string
  /**
   * True if the job was running: its signal is aborted within about a second. False if the job
   * ended immediately.
   */
  readonly isRunning: boolean
}

/**
 * Cancels a job. If the job is running, its signal is aborted. Otherwise it ends now and passes its
 * concurrency slot on to the next job with the same key.
 *
 * @throws HoldfastError `job-unknown`, `job-id-invalid`, or `job-ended` if the job has already
 * ended.
 *
 * @example
 * ```ts no-run
 * const { isRunning } = await cancelJob(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function cancelJob(client: StatementClient, id: string): Promise<CancelledJob> {
  checkJobId(id)
  return inTransaction(client, async (within) => {
    const [row] = await runStatement<CancelledRow>(within, cancelRow(id))
    if (!row) throw await notCancelled(within, id)
    if (row.freed_key !== null) {
      for (const statement of releaseSlot({ ...row, key: row.freed_key }))
        await runStatement(within, statement)
    }
    const { service, name, is_running: isRunning } = row
    // If the job was not running, another job may have received its slot.
    const kind = isRunning ? 'cancelled' : 'jobs'
    await runStatement(within, notify([{ kind, service, names: new Set([name]) }]))
    return { id, service, name, isRunning }
  })
}

async function notCancelled(client: StatementClient, id: string): Promise<HoldfastError> {
  const [job] = await runStatement<{ name: string; state: string }>(client, findJobRow(id))
  if (!job) return jobUnknown(id)
  return new HoldfastError(
    'job-ended',
    `The job ${id} (${job.name}) has already ended and cannot be cancelled: it is ${job.state}.`,
  )
}
