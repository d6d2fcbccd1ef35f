import type { Check } from '../kernel/check.ts'
import { ownWork } from '../kernel/work.ts'
import { createPool, type PoolOptions } from './pool.ts'

/** A check of a database that holds a connection. */
export interface ConnectionCheck extends Check {
  /** Closes the connection. */
  end(): Promise<void>
}

const timeoutMs = 1_000

/**
 * Checks whether a database answers, on a connection of its own: behind a pool that is taken by the service's work it would find
 * the database missing whenever there is much to do, and take a service out of the load balancer for being in use.
 */
export function checkConnection(
  options: Pick<PoolOptions, 'connectionString' | 'isPooled' | 'log' | 'telemetry'>,
): ConnectionCheck {
  const pool = createPool({
    ...options,
    max: 1,
    acquireTimeoutMs: timeoutMs,
    isReadOnly: true,
    applicationName: 'holdfast (health)',
  })
  return {
    timeoutMs,
    // Together with the timeout, what is kept: a database that hangs is told within two seconds.
    cacheMs: 500,
    async run({ signal }) {
      const connection = await pool.acquire(ownWork(signal))
      try {
        await connection.run({ text: 'select 1' })
        connection.release()
      } catch (error) {
        connection.destroy()
        throw error
      }
    },
    end: () => pool.end(),
  }
}
