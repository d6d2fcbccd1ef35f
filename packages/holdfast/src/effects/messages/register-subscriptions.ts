import { ownWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { lockDispatchWaiting } from './queries/dispatch.ts'
import { registerSubscriptions, repairPositions } from './queries/subscriptions.ts'
import type { SubscriptionDeclaration } from './subscription.ts'

const limitMs = 30_000

/**
 * Registers the subscriptions of a service. It runs before any process of a new version publishes,
 * so that each message of a new event comes after the start position of the consumers of that
 * event. Also repairs a sequence of positions that was restored from an earlier state.
 */
export async function registerAll(
  service: string,
  declarations: readonly SubscriptionDeclaration[],
  pool: Pool,
): Promise<void> {
  await withConnection(pool, ownWork(AbortSignal.timeout(limitMs)), async (connection) => {
    await connection.run({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' })
    // Prevents the assignment of positions while the sequence is compared with those in use.
    await connection.run(lockDispatchWaiting())
    await connection.run(repairPositions())
    if (declarations.length > 0) await connection.run(registerSubscriptions(service, declarations))
    await connection.run({ text: 'COMMIT' })
  })
}
