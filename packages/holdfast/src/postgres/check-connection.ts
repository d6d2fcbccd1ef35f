import type { Check } from '../kernel/check.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from './pool.ts'
import { withConnection } from './with-connection.ts'

const timeoutMs = 1_000

/**
 * Checks whether a database answers.
 *
 * @param pool a pool that no call takes connections from: behind the service's work, the check would find the database
 * missing if there is much to do, and take a service out of the load balancer for being in use.
 */
export function checkConnection(pool: Pool): Check {
  return {
    timeoutMs,
    // Together with the timeout, what is kept: a database that hangs is reported within two seconds.
    cacheMs: 500,
    run: ({ signal }) =>
      withConnection(pool, ownWork(signal), async (connection) => {
        await connection.run({ text: 'select 1' })
      }),
  }
}
