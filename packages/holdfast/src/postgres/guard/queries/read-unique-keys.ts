import type { Statement } from '../../statement.ts'

/** A unique key of a table. */
export interface UniqueKeyRow {
  readonly schema: string
  readonly table: string
  /** Whether it is found by its name alone. */
  readonly isVisible: boolean
  readonly columns: readonly string[]
}

/** Reads the unique keys of all tables, but those of expressions and those that hold for some rows only. */
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
