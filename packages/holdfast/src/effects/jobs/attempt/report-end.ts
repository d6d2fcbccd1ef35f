import { fullJitterMs } from '../../../kernel/base/backoff.ts'
import { systemClock } from '../../../kernel/base/clock.ts'
import { pause } from '../../../kernel/base/wait.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { storeEnd } from './store-end.ts'
import type { AttemptEnd, EndedRow } from '../queries/finish.ts'
import { releaseSlot, slotOf } from '../queries/limits.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../../storage/postgres/transaction/with-transaction.ts'

const limitMs = 5_000
const pauses = { firstMs: 100, maxMs: 5_000 }

/**
 * Stores the end of an attempt that committed nothing. Repeats the statement until it succeeds,
 * since no other worker rescues the job while this worker lives. Returns the new state of the job;
 * `undefined` if this claim no longer holds the job, or the job was committed.
 */
export async function reportEnd(scope: AttemptScope, end: AttemptEnd): Promise<string | undefined> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await report(scope, end)
    } catch (error) {
      const { log, row } = scope
      if (scope.closing.aborted) {
        log.error({ error: toLogFields(error) }, `could not store the outcome of the job ${row.name}`)
        return undefined
      }
      log.debug(
        { error: toLogFields(error) },
        `could not store the outcome of the job ${row.name}; will retry`,
      )
      await pause(fullJitterMs(pauses, attempts), { clock: systemClock })
    }
  }
}

async function report({ control, row, service }: AttemptScope, end: AttemptEnd): Promise<string | undefined> {
  const work = limitedWork(limitMs)
  if (!row.has_slot) {
    const ended = await withConnection(control, work, (connection) =>
      storeEnd(async (statement) => (await connection.run<EndedRow>(statement)).rows, row, end),
    )
    return ended?.state
  }
  return transact(control, { work, limitMs }, async (transaction) => {
    const ended = await storeEnd((statement) => transaction.run<EndedRow>(statement), row, end)
    if (ended && !ended.has_slot)
      for (const statement of releaseSlot(slotOf(service, row))) await transaction.run(statement)
    return ended?.state
  })
}
