import type { Clock } from '../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { deleteOrphans, type OrphansRow } from './queries/delete-orphans.ts'

/** Dependencies of {@link startOrphanSweep}. */
export interface OrphanSweep {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /**
   * Returns whether this process sweeps. Several processes may sweep at the same time: each subject
   * is deleted only once.
   */
  readonly isResponsible: () => boolean
}

// One page per minute keeps the load small for any table size: about 30 ms of index look-ups. Ten
// million subjects take a day and a half.
const everyMs = 60_000
const pageSize = 5_000
const restMs = 24 * 60 * 60_000
const limitMs = 30_000
const firstId = '00000000-0000-0000-0000-000000000000'

/**
 * Starts to delete subjects whose row no longer exists, page by page. This version deletes subjects
 * together with their rows, but a process of an earlier version prunes rows without their subjects.
 * A sweep begins when this process becomes the leader, and again a day after the previous sweep
 * ended.
 */
export function startOrphanSweep({ pool, clock, log, isResponsible }: OrphanSweep): RecurringTask {
  let after = firstId
  let restsUntilMs = -Infinity

  return startRecurringTask({
    failure: 'deleting orphaned subjects failed',
    clock,
    log,
    everyMs,
    async work(stopping) {
      if (!isResponsible() || clock.monotonicMs() < restsUntilMs) return undefined
      const work = limitedWork(limitMs, stopping)
      const { rows } = await withConnection(pool, work, (connection) =>
        connection.run<OrphansRow>(deleteOrphans(after, pageSize)),
      )
      const { seen, deleted, last } = rows[0]!
      if (deleted > 0) log.info({ count: deleted }, 'deleted orphaned subjects')
      const isEnd = seen < pageSize
      after = isEnd ? firstId : last!
      if (isEnd) restsUntilMs = clock.monotonicMs() + restMs
      return undefined
    },
  })
}
