import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Check } from '../../kernel/service/check.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { schemaVersion } from './schema-version.ts'

/**
 * Returns a health check that fails if a database does not answer, or if this version of Holdfast
 * can no longer work with the tables: while this process runs, a newer version may remove something
 * that this version needs. In that case, the check fails with `schema-too-new`, so that the load
 * balancer sends no more calls here.
 *
 * @param pool a pool used only for the framework's own statements. In a pool shared with calls, the
 * check would wait behind the calls. Under load, it would report that the database is missing, and
 * the load balancer would remove a service that is only busy.
 */
export function checkDatabase(pool: Pool): Check {
  return {
    timeout: '1s',
    // With this cache time and the timeout, a database that hangs is reported within two seconds.
    cacheFor: '500ms',
    run: ({ signal }) =>
      withConnection(pool, systemWork(signal), async (connection) => {
        const { rows } = await connection.run<{ needed: number }>({
          name: 'holdfast_check_database',
          text: `select coalesce(max(needs_version), 0) as needed from holdfast.migrations where owner = 'holdfast'`,
        })
        const { needed } = rows[0]!
        if (needed > schemaVersion) throw schemaTooNew(needed)
      }),
  }
}

function schemaTooNew(needed: number): HoldfastError {
  return new HoldfastError(
    'schema-too-new',
    `While this process was running, a newer version of Holdfast changed its tables: they require schema version ${needed}, but this version of Holdfast supports ${schemaVersion}. Replace this process with a process of the newer version.`,
  )
}
