import type { Job } from '../../../kernel/background/job.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { maxAttempts } from '../../../kernel/background/retry-delay.ts'
import { limitedWork, type Work } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../../storage/postgres/transaction/with-transaction.ts'
import { storeEnd } from '../attempt/store-end.ts'
import type { AttemptEnd, EndedRow } from '../queries/finish.ts'
import { releaseSlot, slotOf } from '../queries/limits.ts'
import { endSessions, findOrphans, forgetDead, type OrphanRow } from '../queries/workers.ts'
import { ownSessionsOf, sessionsOf } from '../worker-sessions.ts'

/** Dependencies of {@link rescueJobs}. */
export interface TakeOver {
  readonly service: string
  readonly pool: Pool
  readonly jobs: ReadonlyMap<string, Job>
  readonly log: Logger
  /** The lease of a worker after a heartbeat, in milliseconds. */
  readonly leaseMs: number
  /**
   * The id of the rescuing worker. It does not declare itself dead, even if its heartbeats have
   * failed.
   */
  readonly self: string
}

// Timeout of a rescue, in milliseconds: there may be many jobs.
const limitMs = 30_000

/**
 * Rescues the jobs of dead workers: a rescued job becomes ready, or dead if it has no attempt left.
 * If the attempt had been marked as started, it counts as failed. If the job was only claimed, no
 * attempt is counted, but the next attempt is marked as started before its handler runs. So a job
 * that always kills its process eventually runs out of attempts. Resolves to the names of the
 * rescued jobs.
 */
export async function rescueJobs(parts: TakeOver): Promise<readonly string[]> {
  const { service, pool, jobs } = parts
  const work = limitedWork(limitMs)
  await endDeadWorkers(parts, work)
  return transact(pool, { work, limitMs }, async (transaction) => {
    const rows = await transaction.run<OrphanRow>(findOrphans(service))
    for (const row of rows) await rescue(transaction, row, { service, job: jobs.get(row.name) })
    return rows.map(({ name }) => name)
  })
}

/** Deletes workers without a heartbeat in the last lease period, and terminates their sessions. */
async function endDeadWorkers({ service, pool, log, leaseMs, self }: TakeOver, work: Work): Promise<void> {
  await withConnection(pool, work, async (connection) => {
    const dead = await connection.run<{ id: string; host: string; pid: number }>(
      forgetDead({ service, leaseMs, self }),
    )
    for (const { id, host, pid } of dead.rows) {
      log.warn({ worker: id, host, pid }, 'a worker missed its heartbeats; rescuing its jobs')
      await connection.run(endSessions([sessionsOf(id), ownSessionsOf(id)]))
    }
  })
}

async function rescue(
  transaction: Transaction,
  row: OrphanRow,
  { service, job }: { readonly service: string; readonly job: Job | undefined },
): Promise<void> {
  const isDead = row.has_begun && job !== undefined && row.failures + 1 >= maxAttempts(job.retry)
  const ended = await storeEnd((statement) => transaction.run<EndedRow>(statement), row, {
    state: isDead ? 'dead' : 'ready',
    keepsSlot: !isDead || job.concurrency?.onDead === 'wait',
    ...(row.has_begun ? failureOf(row) : { isLostClaim: true }),
  })
  if (row.has_slot && ended?.has_slot === false) {
    for (const statement of releaseSlot(slotOf(service, row))) await transaction.run(statement)
  }
}

function failureOf({ failures }: OrphanRow): Pick<AttemptEnd, 'isFailure' | 'failure'> {
  return {
    isFailure: true,
    failure: {
      name: 'WorkerLost',
      message: 'The worker that ran the job stopped sending heartbeats.',
      attempt: failures + 1,
      at: new Date().toISOString(),
    },
  }
}
