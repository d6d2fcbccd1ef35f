import type { DropStmt, IndexStmt } from 'libpg-query'
import pg from 'pg'
import type { Progress, Recovery } from './recovery.ts'
import { relationName } from './relation-name.ts'

interface IndexRow {
  /** The quoted name of the index, with its schema. */
  readonly name: string
  readonly isOfTable: boolean | null
  readonly isUnique: boolean | null
  readonly isLeftover: boolean | null
}

/** An index that a statement creates. */
export interface IndexToMake {
  /** Returns whether the index is missing, invalid or complete. */
  look(client: pg.ClientBase): Promise<Progress>
  /**
   * Drops the index if an earlier attempt has left it invalid. Otherwise, writes would maintain an
   * index that no query uses.
   */
  dropLeftover(client: pg.ClientBase, how: 'concurrently' | 'in the transaction'): Promise<void>
}

/** Returns the index that a CREATE INDEX creates. The statement must name the index. */
export function indexToMake(statement: IndexStmt): IndexToMake {
  const find = async (client: pg.ClientBase): Promise<IndexRow | undefined> => {
    // An index is in the schema of its table. The index of a partitioned table (relkind I) is
    // invalid until all partitions have an index, so it is not a leftover.
    const { rows } = await client.query<IndexRow>({
      text: `
        select format('%I.%I', n.nspname, c.relname) as name, i.indrelid = t.oid as "isOfTable", i.indisunique as "isUnique",
          i.indrelid = t.oid and c.relkind = 'i' and not i.indisvalid as "isLeftover"
        from pg_class t join pg_namespace n on n.oid = t.relnamespace
          join pg_class c on c.relnamespace = n.oid and c.relname = $2 left join pg_index i on i.indexrelid = c.oid
        where t.oid = to_regclass($1)`,
      values: [relationName(statement.relation), statement.idxname],
    })
    return rows[0]
  }
  return {
    async look(client) {
      const found = await find(client)
      if (found?.isLeftover === true) return 'half done'
      const isMeant = found?.isOfTable === true && (statement.unique !== true || found.isUnique === true)
      return isMeant ? 'done' : 'to do'
    },
    async dropLeftover(client, how) {
      const found = await find(client)
      if (found?.isLeftover !== true) return
      await client.query(`drop index ${how === 'concurrently' ? 'concurrently ' : ''}if exists ${found.name}`)
    },
  }
}

/**
 * Returns the recovery of CREATE INDEX CONCURRENTLY. If the statement fails, it leaves an invalid
 * index, which IF NOT EXISTS mistakes for the requested index.
 */
export function recoverCreateIndex(statement: IndexStmt): Recovery {
  const index = indexToMake(statement)
  return {
    look: (client) => index.look(client),
    recover: (client) => index.dropLeftover(client, 'concurrently'),
    leftover: `the invalid index ${statement.idxname}`,
    isRepeatable: false,
    waitsAlone: true,
  }
}

/**
 * Returns the recovery of DROP INDEX CONCURRENTLY. If the statement fails, it leaves an invalid
 * index, which a second run drops.
 */
export function recoverDropIndex(statement: DropStmt): Recovery {
  const [object] = statement.objects ?? []
  const parts = object && 'List' in object ? (object.List.items ?? []) : []
  const name = parts
    .flatMap((part) => ('String' in part ? [part.String.sval ?? ''] : []))
    .map((part) => pg.escapeIdentifier(part))
    .join('.')
  return {
    async look(client) {
      const { rows } = await client.query<{ exists: boolean }>({
        text: 'select to_regclass($1) is not null as exists',
        values: [name],
      })
      return rows[0]?.exists === true ? 'to do' : 'done'
    },
    recover: async () => {},
    leftover: `the index ${name}, which is invalid`,
    isRepeatable: false,
    waitsAlone: true,
  }
}
