import type { Clock } from '../../../kernel/base/clock.ts'
import type { RecurringTask } from '../../../kernel/base/recurring-task.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { Transaction } from '../../../storage/postgres/transaction/transaction.ts'
import { pruneInBatches } from '../../../storage/postgres/pool/prune-in-batches.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../../storage/postgres/transaction/with-transaction.ts'
import type { Leadership } from './leadership.ts'
import { deleteOldHeartbeats } from '../queries/workers.ts'
import { pruneJobs, type PrunedRow } from '../queries/prune-jobs.ts'
import { pruneLimits, releaseSlot } from '../queries/limits.ts'

/** Dependencies of {@link startPruning}. */
export interface PruningParts {
  readonly service: string
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly leadership: Pick<Leadership, 'leads'>
  /** Called with the names of deleted dead jobs whose concurrency slots were released. */
  readonly onReleased: (names: readonly string[]) => void
}

const everyMs = 60_000
const limitMs = 10_000

/**
 * Starts a task that deletes old job data of a service: expired ended jobs, idle limits, and
 * heartbeats of dead workers. It deletes only while this process leads. Two processes may run it at
 * the same time: each skips rows that the other has locked.
 */
export function startPruning(parts: PruningParts): RecurringTask {
  const { service, pool, clock, log, leadership } = parts
  const expired = new ExpiredJobs(parts)
  return pruneInBatches({
    failure: 'deleting old jobs and limits failed',
    clock,
    log,
    everyMs,
    batch: 1_000,
    isResponsible: () => leadership.leads,
    async prune(limit) {
      const jobs = await expired.prune(limit)
      const { rowCount: limits } = await run(pool, pruneLimits(service, limit))
      await run(pool, deleteOldHeartbeats())
      return [jobs, limits ?? 0]
    },
  })
}

// The interval at which the bound is reset. A job with a shorter retention than the last pruned job
// may expire below the bound. Such a job is found only after a reset.
const boundResetMs = 10 * 60_000

/**
 * The ended jobs of a service that have expired. Each pass starts where the previous pass ended,
 * because the index entries of deleted rows stay until a vacuum, which an old snapshot can prevent.
 */
class ExpiredJobs {
  readonly #parts: PruningParts
  #after: Date | undefined
  #resetMs = performance.now()

  constructor(parts: PruningParts) {
    this.#parts = parts
  }

  /** Deletes a batch. Returns the number of deleted jobs. */
  async prune(limit: number): Promise<number> {
    const nowMs = performance.now()
    if (nowMs - this.#resetMs >= boundResetMs) {
      this.#after = undefined
      this.#resetMs = nowMs
    }
    const { pool, onReleased } = this.#parts
    const work = limitedWork(limitMs)
    const { count, last, slots } = await transact(pool, { work, limitMs }, (transaction) =>
      this.#pruneIn(transaction, limit),
    )
    this.#after = last ?? this.#after
    if (slots.length > 0) onReleased([...new Set(slots.map(({ name }) => name))])
    return count
  }

  async #pruneIn(transaction: Transaction, limit: number): Promise<PrunedRow> {
    const { service } = this.#parts
    const [pruned] = await transaction.run<PrunedRow>(pruneJobs({ service, after: this.#after, limit }))
    const { count = 0, last = null, slots = [] } = pruned ?? {}
    // Slots are sorted, so that all processes lock them in the same order.
    for (const slot of slots)
      for (const statement of releaseSlot({ service, ...slot })) await transaction.run(statement)
    return { count, last, slots }
  }
}

function run<Row extends object>(
  pool: Pool,
  statement: Statement,
): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number | null }> {
  return withConnection(pool, limitedWork(limitMs), (connection) => connection.run<Row>(statement))
}
