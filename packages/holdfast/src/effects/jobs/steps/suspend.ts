import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { withTransaction } from '../../../storage/postgres/transaction/with-transaction.ts'
import { jobLost } from '../attempt/abort-reasons.ts'
import type { AttemptScope } from '../attempt/attempt-scope.ts'
import { storeEnd } from '../attempt/store-end.ts'
import type { EndedRow } from '../queries/finish.ts'
import { releaseSlot, slotOf } from '../queries/limits.ts'
import { beginPause } from '../queries/steps.ts'
import { awaitMessage, lockMessages } from '../queries/waits.ts'
import type { Pause } from './step-runner.ts'

/**
 * Suspends a job until an awaited message or time arrives. Records the waits and the state change
 * in one transaction. If a message is already there, the job continues immediately.
 */
export function suspend(scope: AttemptScope, pauses: readonly Pause[]): Promise<void> {
  const { service, row, job, pool, work, limitMs } = scope
  const awaited = pauses.flatMap(({ message }) => (message ? [message] : []))
  const keepsSlot = job.concurrency?.ordered === true
  return withTransaction(pool, { work, limitMs }, async (transaction) => {
    if (awaited.length > 0) await transaction.run(lockMessages(awaited))
    let isThere = false
    for (const { step, delayMs, message, isKnown } of pauses) {
      if (!isKnown) await transaction.run(beginPause({ job: row, name: step }, delayMs))
      if (!message) continue
      const [found] = await transaction.run<{ is_there: boolean }>(awaitMessage(row.id, step, message))
      isThere ||= found?.is_there === true
    }
    const delays = pauses.flatMap(({ delayMs }) => (delayMs === undefined ? [] : [delayMs]))
    const rest = isThere
      ? { delayMs: 0 }
      : delays.length > 0
        ? { delayMs: Math.max(0, Math.min(...delays)) }
        : {}
    const state = awaited.length > 0 && !isThere ? 'waiting' : 'scheduled'
    const run = (statement: Statement): Promise<EndedRow[]> => transaction.run<EndedRow>(statement)
    const ended = await storeEnd(run, row, { state, keepsSlot, ...rest })
    if (!ended) throw jobLost
    await transaction.commit(row.has_slot && !ended.has_slot ? releaseSlot(slotOf(service, row)) : [])
  })
}
