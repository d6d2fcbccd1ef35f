import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Check } from '../../kernel/service/check.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { schemaVersion } from './schema-version.ts'

/**
 * Returns a health check that fails if a database does not answer. It also fails, with
 * `schema-too-new`, if a newer version of Holdfast has changed the tables in a way that this
 * running version cannot work with. The load balancer then sends no more calls to this process.
 *
 * @param pool a pool used only for the framework's own statements. In a pool shared with calls, the
 * check would wait behind the calls. Under load, the check would fail, and the load balancer would
 * remove a process that is only busy.
 */
export function checkDatabase(pool: Pool): Check {
  return {
    timeout: '1s',
    // With this cache time and the timeout, a hanging database is reported within two seconds.
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
