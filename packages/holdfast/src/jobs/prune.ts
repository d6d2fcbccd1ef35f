import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import { withConnection } from '../postgres/with-connection.ts'
import type { Leadership } from './leadership/leadership.ts'
import { deleteOldBeats } from './queries/beat.ts'
import { pruneJobs, type PrunedRow } from './queries/prune-jobs.ts'
import { pruneLimits } from './queries/prune-limits.ts'

/** Dependencies of {@link startPruning}. */
export interface PruningParts {
  readonly service: string
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly leadership: Leadership
}

const everyMs = 60_000
const batch = 1_000
const limitMs = 10_000

/**
 * Starts to delete what the jobs of a service leave behind, if this process leads: ended jobs that have expired, idle
 * limits, heartbeats of the dead. Two processes may do so at once: each passes over the rows that the other has locked.
 */
export function startPruning({ service, pool, clock, log, leadership }: PruningParts): Duty {
  const expired = new ExpiredJobs(service, pool)
  return startDuty({
    failure: 'deleting old jobs and limits failed',
    clock,
    log,
    everyMs,
    async work() {
      if (!leadership.leads) return undefined
      const jobs = await expired.prune()
      const { rowCount: limits } = await run(pool, pruneLimits(service, batch))
      await run(pool, deleteOldBeats())
      return Math.max(jobs, limits ?? 0) === batch ? 0 : undefined
    },
  })
}

// A job whose retention is shorter than that of the last pruned one may expire below the bound.
const boundResetMs = 10 * 60_000

/**
 * The ended jobs of a service that have expired. A pass reads on from where the last one ended: what that has deleted
 * stays in the index until a vacuum, which an old snapshot keeps from removing it.
 */
class ExpiredJobs {
  readonly #service: string
  readonly #pool: Pool
  #after: Date | undefined
  #resetMs = performance.now()

  constructor(service: string, pool: Pool) {
    this.#service = service
    this.#pool = pool
  }

  /** Deletes a batch and returns its size. */
  async prune(): Promise<number> {
    const nowMs = performance.now()
    if (nowMs - this.#resetMs >= boundResetMs) {
      this.#after = undefined
      this.#resetMs = nowMs
    }
    const { rows } = await run<PrunedRow>(
      this.#pool,
      pruneJobs({ service: this.#service, after: this.#after, limit: batch }),
    )
    const { count = 0, last = null } = rows[0] ?? {}
    this.#after = last ?? this.#after
    return count
  }
}

function run<Row extends object>(
  pool: Pool,
  statement: Statement,
): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number | null }> {
  return withConnection(pool, ownWork(AbortSignal.timeout(limitMs)), (connection) =>
    connection.run<Row>(statement),
  )
}
