import type { Statement } from '../../postgres/statement/statement.ts'

/** A unique key of a table. */
export interface UniqueKeyRow {
  readonly schema: string
  readonly table: string
  /** True if the table is found by its name without a schema. */
  readonly isVisible: boolean
  readonly columns: readonly string[]
}

/** Reads the unique keys of all tables, except partial keys and keys on expressions. */
export function readUniqueKeys(): Statement {
  return {
    text: `
      select n.nspname as schema, c.relname as "table", pg_table_is_visible(c.oid) as "isVisible", (
        select array_agg(a.attname::text)
        from unnest(i.indkey[0:i.indnkeyatts - 1]) as key
        join pg_attribute a on a.attrelid = c.oid and a.attnum = key
      ) as columns
      from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
        and n.nspname not in ('pg_catalog', 'pg_toast')`,
  }
}
