import type { Clock } from '../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { pruneDead, pruneInbox, pruneMessages } from './queries/prune.ts'

/** Dependencies of {@link startMessagePruning}. */
export interface MessagePruning {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /**
   * Returns whether this process prunes. Default: always. Several processes may prune at once: each
   * deletes only rows that it finds unlocked.
   */
  readonly isResponsible?: () => boolean
  /**
   * How long messages are kept, in milliseconds, even if a subscription has not read them. A dead
   * letter can be redriven for as long. Default 30 days.
   */
  readonly retentionMs?: number
  /** Interval between two passes, in milliseconds. Default one minute. */
  readonly everyMs?: number
}

const dayMs = 86_400_000
const defaultRetentionMs = 30 * dayMs
// A message dispatched again at the end of its retention must still be found in the inbox.
const inboxSpareMs = dayMs
const batch = 1_000
const limitMs = 30_000

/** Starts to delete old messages and the inbox rows of consumers, in batches. */
export function startMessagePruning(parts: MessagePruning): RecurringTask {
  const {
    pool,
    clock,
    log,
    retentionMs = defaultRetentionMs,
    everyMs = 60_000,
    isResponsible = () => true,
  } = parts
  /** The position up to which earlier passes have deleted everything. */
  let after = '0'
  let inboxFrom = uuidAt(0)

  async function deleteMessages(connection: Connection): Promise<number> {
    const { rows } = await connection.run<{ count: number; last: string | null }>(
      pruneMessages({ retentionMs, after, limit: batch }),
    )
    const { count = 0, last = null } = rows[0] ?? {}
    if (last !== null) after = last
    return count
  }

  async function deleteConsumed(connection: Connection): Promise<number> {
    const to = uuidAt(Date.now() - retentionMs - inboxSpareMs)
    const { rowCount } = await connection.run(pruneInbox(inboxFrom, to, batch))
    const count = rowCount ?? 0
    // Below the batch size, no consumer has reached its limit.
    if (count < batch) inboxFrom = to
    return count
  }

  return startRecurringTask({
    failure: 'deleting old messages failed',
    clock,
    log,
    everyMs,
    async work(stopping) {
      if (!isResponsible()) return undefined
      const work = systemWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
      const most = await withConnection(pool, work, async (connection) => {
        const messages = await deleteMessages(connection)
        const consumed = await deleteConsumed(connection)
        await connection.run(pruneDead(retentionMs))
        return Math.max(messages, consumed)
      })
      return most >= batch ? 0 : undefined
    },
  })
}

/** Returns the lowest UUIDv7 of a time in milliseconds since the Unix epoch. */
function uuidAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
