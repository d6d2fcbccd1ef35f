import type { Check } from '../../../kernel/service/check.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import type { Pool } from './pool.ts'
import { withConnection } from './with-connection.ts'

/**
 * Returns a health check of whether a database answers.
 *
 * @param pool a pool used only for health checks. In a pool shared with calls, the check would wait
 * behind them and report the database as missing under load, which would remove a busy service from
 * the load balancer.
 */
export function checkConnection(pool: Pool): Check {
  return {
    timeout: '1s',
    // Together with the timeout, a database that hangs is reported within two seconds.
    cacheFor: '500ms',
    run: ({ signal }) =>
      withConnection(pool, systemWork(signal), async (connection) => {
        await connection.run({ text: 'select 1' })
      }),
  }
}
