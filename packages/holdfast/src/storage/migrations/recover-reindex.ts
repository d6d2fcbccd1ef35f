import type { DefElem, ReindexStmt } from 'libpg-query'
import pg from 'pg'
import type { Recovery } from './recovery.ts'
import { relationName } from './relation-name.ts'

// Queries that find the tables whose indexes a REINDEX rebuilds. $1 is the name of the index, table
// or schema in the statement.
const tablesOf: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_INDEX: `
    select i.indrelid from pg_partition_tree(to_regclass($1)) p join pg_index i on i.indexrelid = p.relid
    union select indrelid from pg_index where indexrelid = to_regclass($1)`,
  REINDEX_OBJECT_TABLE: `select relid from pg_partition_tree(to_regclass($1)) union select to_regclass($1)`,
  REINDEX_OBJECT_SCHEMA: `select oid from pg_class where relnamespace = to_regnamespace($1)`,
}
const everyTable = 'select oid from pg_class where $1::text is not null'

/**
 * Returns the recovery of REINDEX CONCURRENTLY; `undefined` for any other REINDEX. If the statement
 * fails, it leaves invalid indexes, which can be dropped: new copies (`…_ccnew`), or replaced
 * indexes (`…_ccold`).
 */
export function recoverReindex({
  kind = 'REINDEX_OBJECT_DATABASE',
  relation,
  name,
  params = [],
}: ReindexStmt): Recovery | undefined {
  const isConcurrent = params.some(
    (param) => 'DefElem' in param && param.DefElem.defname === 'concurrently' && !saysNo(param.DefElem),
  )
  if (!isConcurrent) return undefined
  const findLeftovers = async (client: pg.ClientBase): Promise<readonly string[]> => {
    const { rows } = await client.query<{ name: string }>({
      text: `
        with tables (oid) as (${tablesOf[kind] ?? everyTable})
        select format('%I.%I', n.nspname, c.relname) as name
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
        where not i.indisvalid and c.relkind = 'i' and c.relpersistence <> 't' and c.relname ~ '_cc(new|old)[0-9]*$'
          and (i.indrelid in (select oid from tables)
            or i.indrelid in (select t.reltoastrelid from pg_class t join tables using (oid)))
        order by 1`,
      values: [name === undefined ? relationName(relation) : pg.escapeIdentifier(name)],
    })
    return rows.map((row) => row.name)
  }
  return {
    look: async (client) => ((await findLeftovers(client)).length > 0 ? 'half done' : 'to do'),
    async recover(client) {
      for (const leftover of await findLeftovers(client))
        await client.query(`drop index concurrently if exists ${leftover}`)
    },
    leftover: 'invalid indexes with names that end in _ccnew or _ccold',
    isRepeatable: true,
    waitsAlone: true,
  }
}

function saysNo({ arg }: DefElem): boolean {
  if (arg === undefined) return false
  if ('String' in arg) return /^(?:false|off|0)$/i.test(arg.String.sval ?? '')
  return 'Integer' in arg && (arg.Integer.ival ?? 0) === 0
}
