import { betweenMs } from '../../kernel/base/backoff.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { findUndispatched, type UndispatchedRow } from './queries/find-undispatched.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'

/** Dependencies of {@link warnIfUndispatched}. */
export interface UndispatchedWatch {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
}

const everyMs = 60_000
const limitMs = 10_000

/**
 * Starts to check for messages that no process on the database dispatches. Logs one warning, since
 * these messages would be neither handled nor deleted. Call it in processes that do not dispatch
 * messages themselves.
 */
export function warnIfUndispatched({ pool, clock, log }: UndispatchedWatch): RecurringTask {
  let hasWarned = false

  return startRecurringTask({
    failure: 'checking for undispatched messages failed',
    clock,
    log,
    everyMs,
    // The first check runs after a delay, since it is unnecessary if a worker starts in this
    // process.
    firstAfterMs: betweenMs(everyMs / 2, everyMs),
    async work(stopping) {
      const work = limitedWork(limitMs, stopping)
      const { rows } = await withConnection(pool, work, (connection) =>
        connection.run<UndispatchedRow>(findUndispatched()),
      )
      const { waiting = 0, has_worker: hasWorker = true } = rows[0] ?? {}
      const isUndispatched = waiting > 0 && !hasWorker
      if (isUndispatched && !hasWarned) log.warn({ waiting }, undispatched)
      hasWarned = isUndispatched
      return undefined
    },
  })
}

const undispatched =
  'messages are waiting, but no worker has been running against this database for a minute. ' +
  'Run one with work(service), or with serve(service) without `worker: false`. The service must have jobs, consumers, schedules or relays'
