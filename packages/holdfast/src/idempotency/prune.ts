import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { pruneKeys } from './queries/prune-keys.ts'
import { withConnection } from '../postgres/with-connection.ts'

/** What the pruning of old answers is done with. */
export interface Pruning {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** How long final answers are kept, in milliseconds. */
  readonly retentionMs: number
  /** How often it looks, in milliseconds. */
  readonly everyMs: number
}

const batch = 1_000
const limitMs = 30_000

/** Deletes the answers that have outlived the retention, in batches, again and again. Any number of processes may do it at once. */
export function startPruning({ pool, clock, log, retentionMs, everyMs }: Pruning): Duty {
  return startDuty({
    failure: 'old idempotency keys could not be pruned',
    clock,
    log,
    everyMs,
    // The processes of a fleet start together; they need not prune together, nor while they start.
    firstAfterMs: Math.random() * everyMs,
    async work(stopping) {
      const work = ownWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      const { rowCount } = await withConnection(pool, work, (connection) =>
        connection.run(pruneKeys(retentionMs, batch)),
      )
      return rowCount === batch ? 0 : undefined
    },
  })
}
