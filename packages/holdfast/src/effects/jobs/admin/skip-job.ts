import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { notifyReturned } from '../../wakes/notify.ts'
import { releaseSlot } from '../queries/limits.ts'
import { inTransaction } from '../../../storage/postgres/transaction/in-transaction.ts'
import { checkJobId, jobUnknown } from './job-errors.ts'
import { findJobRow } from './queries/read-jobs.ts'
import { skipDead, type SkippedRow } from './queries/skip-job.ts'

/** A dead job that was skipped, so that its concurrency key's later jobs need not wait for it. */
export interface SkippedJob {
  readonly id: string
  readonly service: string
  readonly name: string
  /**
   * True if the job held its concurrency slot, and so blocked later jobs of its key (`onDead:
   * 'wait'`).
   */
  readonly wasHolding: boolean
}

/**
 * Skips a dead job, so that later jobs of its concurrency key continue (for a consumer: later
 * messages of the key). The job stays dead and can still be redriven.
 *
 * @throws HoldfastError `job-unknown`, `job-id-invalid`, or `job-not-dead`.
 *
 * @example
 * ```ts no-run
 * const job = await skipJob(pool, '01a208e1-2746-7959-bbdc-c3ab23764504')
 * ```
 */
export async function skipJob(client: StatementClient, id: string): Promise<SkippedJob> {
  checkJobId(id)
  return inTransaction(client, async (within) => {
    const [row] = await runStatement<SkippedRow>(within, skipDead(id))
    if (row?.state !== 'dead') throw await notDead(within, id)
    if (row.freed_key !== null) {
      for (const statement of releaseSlot({ ...row, key: row.freed_key }))
        await runStatement(within, statement)
      await runStatement(within, notifyReturned(row.service, row.name))
    }
    return { id, service: row.service, name: row.name, wasHolding: row.freed_key !== null }
  })
}

async function notDead(client: StatementClient, id: string): Promise<HoldfastError> {
  const [job] = await runStatement<{ name: string; state: string }>(client, findJobRow(id))
  if (!job) return jobUnknown(id)
  return new HoldfastError(
    'job-not-dead',
    `The job ${id} (${job.name}) is ${job.state}. Only a dead job can be skipped; use "jobs cancel" for a job that has not ended.`,
  )
}
