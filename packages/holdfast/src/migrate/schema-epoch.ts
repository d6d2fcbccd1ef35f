import type pg from 'pg'
import type { Migration } from './migration.ts'

/**
 * What tells running processes that a migration has been committed. The epoch is the number of the file of an empty table, which
 * TRUNCATE changes with its transaction. Postgres looks it up in its catalogue, as it looks up the tables of a statement: a transaction
 * sees it change whatever its isolation, and whoever sees a table changed sees the epoch changed. A row would show a repeatable read
 * the epoch of its snapshot.
 */
export const schemaEpochMigration: Migration = {
  name: '0002-schema-epoch',
  sql: `
create table holdfast.schema_epoch ();

-- Fails unless the schema epoch is the expected one; true then, and where nothing is expected.
create function holdfast.check_schema_epoch(expected oid) returns boolean language plpgsql as $$
begin
  if pg_relation_filenode('holdfast.schema_epoch') <> expected then
    raise exception 'a migration has been committed since this transaction began' using errcode = 'serialization_failure';
  end if;
  return true;
end $$;
`,
}

/** Begins another schema epoch when the transaction commits. */
export async function beginSchemaEpoch(client: pg.ClientBase): Promise<void> {
  // The migration that makes it is not the first one of a database.
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('holdfast.schema_epoch') is not null as exists`,
  )
  if (rows[0]?.exists === true) await client.query('truncate holdfast.schema_epoch')
}
