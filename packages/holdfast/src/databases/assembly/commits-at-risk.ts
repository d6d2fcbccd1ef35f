import type pg from 'pg'
import type { Logger } from '../../kernel/base/log.ts'

/**
 * A disabled setting. While it is off, a crash can undo a COMMIT that Postgres has acknowledged.
 */
export interface CommitsAtRisk {
  readonly setting: 'synchronous_commit' | 'fsync' | 'full_page_writes'
  /** The source of the value, as Postgres names it: `database`, `user`, `configuration file`. */
  readonly source: string
}

const consequences: Readonly<Record<CommitsAtRisk['setting'], string>> = {
  synchronous_commit:
    'a server crash loses acknowledged commits and their idempotency keys, so retries run again',
  fsync: 'a machine crash can lose acknowledged commits and corrupt the whole cluster',
  full_page_writes:
    'a machine crash can corrupt pages that were being written, including acknowledged commits',
}

/**
 * Returns the settings of a session that put commits at risk. The server, the database or the role
 * may have set them.
 */
export async function findCommitsAtRisk(client: pg.ClientBase): Promise<readonly CommitsAtRisk[]> {
  const { rows } = await client.query<CommitsAtRisk>(`
    select name as setting, source from pg_catalog.pg_settings
    where name in ('synchronous_commit', 'fsync', 'full_page_writes') and setting = 'off'
    order by name`)
  return rows.filter(({ setting }) => setting in consequences)
}

/**
 * Logs each setting at level `warn`, with the risk, and with instructions to change the setting.
 */
export function reportCommitsAtRisk(atRisk: readonly CommitsAtRisk[], log: Logger): void {
  for (const { setting, source } of atRisk)
    log.warn(
      { setting, source },
      `${setting} is off: ${consequences[setting]}; set it to on (${remedyOf(source)})`,
    )
}

function remedyOf(source: string): string {
  switch (source) {
    case 'database':
      return 'alter database … reset'
    case 'user':
      return 'alter role … reset'
    case 'database user':
      return 'alter role … in database … reset'
    case 'client':
      return 'the options of DATABASE_URL'
    default:
      return 'postgresql.conf, or alter system'
  }
}
