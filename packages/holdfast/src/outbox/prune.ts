import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import { pruneInbox, pruneMessages } from './queries/prune.ts'
import { withConnection } from '../postgres/with-connection.ts'

/** What the pruning of old messages is done with. */
export interface MessagePruning {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** How long messages are kept at least, in milliseconds: those that a relay has not sent are kept longer. Default 7 days. */
  readonly retentionMs?: number
  /** How often it looks, in milliseconds. Default one minute. */
  readonly everyMs?: number
}

const defaultRetentionMs = 7 * 86_400_000
const batch = 1_000
const limitMs = 30_000

/** Deletes messages, and the record of who consumed them, in batches, again and again. Any number of processes may do it at once. */
export function startMessagePruning(parts: MessagePruning): Duty {
  const { pool, clock, log, retentionMs = defaultRetentionMs, everyMs = 60_000 } = parts

  async function run(statement: Statement, stopping: AbortSignal): Promise<number> {
    const work = ownWork(AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]))
    return withConnection(pool, work, async (connection) => (await connection.run(statement)).rowCount ?? 0)
  }

  return startDuty({
    failure: 'old messages could not be deleted',
    clock,
    log,
    everyMs,
    async work(stopping) {
      const messages = await run(pruneMessages(retentionMs, batch), stopping)
      const consumed = await run(pruneInbox(retentionMs, batch), stopping)
      return Math.max(messages, consumed) === batch ? 0 : undefined
    },
  })
}
