import { hash } from 'node:crypto'
import type { UseOnce } from '../../kernel/host/use-once.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Migration } from '../migrations/migration.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { withConnection } from '../postgres/pool/with-connection.ts'
import { insertUsedId } from './queries/insert-used-id.ts'

/** The table of the ids that may be used only once, such as those of signed requests. */
export const usedIdMigrations: readonly Migration[] = [
  {
    name: '0001-used-ids',
    sql: `
create table holdfast.used_ids (
  id bytea primary key check (octet_length(id) = 32),
  expires_at timestamptz not null
);

create index used_ids_expired on holdfast.used_ids (expires_at);
`,
  },
]

const limitMs = 5_000

/**
 * Returns the function that records an id in the table, in a statement of its own: the `db` of
 * identifiers is read-only, and an id stays used if the call fails afterwards.
 */
export function usedIds(pool: Pool): UseOnce {
  return async (id, forMs) => {
    const { rows } = await withConnection(pool, limitedWork(limitMs), (connection) =>
      connection.run(insertUsedId(hash('sha256', Buffer.from(id, 'utf16le'), 'buffer'), forMs)),
    )
    return rows.length > 0
  }
}
