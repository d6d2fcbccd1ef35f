import type { Clock } from '../../kernel/base/clock.ts'
import type { RecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { pruneInBatches } from '../../storage/postgres/pool/prune-in-batches.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { pruneDead, pruneInbox, pruneMessages } from './queries/prune.ts'

/** Dependencies of {@link startMessagePruning}. */
export interface MessagePruning {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /**
   * Returns whether this process prunes. Default: always. Several processes may prune at the same
   * time, since each skips locked rows.
   */
  readonly isResponsible?: () => boolean
  /**
   * Retention of messages, in milliseconds. It also applies to messages that a subscription has not
   * read. Dead letters have the same retention, and can be redriven until it ends. Default 30 days.
   */
  readonly retentionMs?: number
  /** Interval between two passes, in milliseconds. Default one minute. */
  readonly everyMs?: number
}

const dayMs = 86_400_000
const defaultRetentionMs = 30 * dayMs
// If a message is dispatched again at the end of its retention, it must still be found in the
// inbox.
const inboxSpareMs = dayMs
const limitMs = 30_000

/** Starts to delete old messages and the inbox rows of consumers, in batches. */
export function startMessagePruning(parts: MessagePruning): RecurringTask {
  const { pool, clock, log, retentionMs = defaultRetentionMs, everyMs = 60_000, isResponsible } = parts
  /** The position up to which earlier passes have deleted everything. */
  let after = '0'
  let inboxFrom = uuidAt(0)

  async function deleteMessages(connection: Connection, limit: number): Promise<number> {
    const { rows } = await connection.run<{ count: number; last: string | null }>(
      pruneMessages({ retentionMs, after, limit }),
    )
    const { count = 0, last = null } = rows[0] ?? {}
    if (last !== null) after = last
    return count
  }

  async function deleteConsumed(connection: Connection, limit: number): Promise<number> {
    const to = uuidAt(Date.now() - retentionMs - inboxSpareMs)
    const { rowCount } = await connection.run(pruneInbox(inboxFrom, to, limit))
    const count = rowCount ?? 0
    // If the total is below the batch size, no consumer has reached its limit.
    if (count < limit) inboxFrom = to
    return count
  }

  return pruneInBatches({
    failure: 'deleting old messages failed',
    clock,
    log,
    everyMs,
    batch: 1_000,
    ...(isResponsible && { isResponsible }),
    prune(limit, stopping) {
      const work = limitedWork(limitMs, stopping)
      return withConnection(pool, work, async (connection) => {
        const messages = await deleteMessages(connection, limit)
        const consumed = await deleteConsumed(connection, limit)
        await connection.run(pruneDead(retentionMs))
        return [messages, consumed]
      })
    },
  })
}

/** Returns the lowest UUIDv7 for a time in milliseconds since the Unix epoch. */
function uuidAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
