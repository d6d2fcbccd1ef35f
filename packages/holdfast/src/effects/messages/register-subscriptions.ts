import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { transact } from '../../storage/postgres/transaction/with-transaction.ts'
import { lockDispatchWaiting } from './queries/dispatch.ts'
import { registerSubscriptions, repairPositions } from './queries/subscriptions.ts'
import type { SubscriptionDeclaration } from './subscription.ts'

const limitMs = 30_000

/**
 * Registers the subscriptions of a service. It must run before any process of a new version
 * publishes. Otherwise, the consumers of a new event would miss its first messages. Also repairs a
 * sequence of positions that was restored from an earlier state.
 */
export async function registerAll(
  service: string,
  declarations: readonly SubscriptionDeclaration[],
  pool: Pool,
): Promise<void> {
  const work = limitedWork(limitMs)
  await transact(pool, { work, limitMs }, async (transaction) => {
    // While this lock is held, no positions are assigned, so the sequence can be compared with the
    // positions in use.
    await transaction.run(lockDispatchWaiting())
    await transaction.run(repairPositions())
    if (declarations.length > 0) await transaction.run(registerSubscriptions(service, declarations))
  })
}
