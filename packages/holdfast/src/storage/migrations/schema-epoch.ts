import type pg from 'pg'
import type { Migration } from './migration.ts'

/**
 * Creates the schema epoch, which running processes use to detect that a migration has been
 * committed. The epoch is the file number (relfilenode) of an empty table, which a committed
 * TRUNCATE changes. It is stored in the catalog, where Postgres also looks up a statement's tables.
 * So at any isolation level, a transaction that sees a changed table also sees the new epoch. If
 * the epoch were stored in a row, a repeatable-read transaction would see the epoch of its
 * snapshot.
 */
export const schemaEpochMigration: Migration = {
  name: '0002-schema-epoch',
  sql: `
create table holdfast.schema_epoch ();

-- Fails if the schema epoch is not the expected one. Returns true if it is, or if expected is
-- null.
create function holdfast.check_schema_epoch(expected oid) returns boolean language plpgsql as $$
begin
  if pg_relation_filenode('holdfast.schema_epoch') <> expected then
    raise exception 'a migration has been committed since this transaction began' using errcode = 'serialization_failure';
  end if;
  return true;
end $$;
`,
}

/** Begins a new schema epoch when the transaction commits. */
export async function beginSchemaEpoch(client: pg.ClientBase): Promise<void> {
  // Earlier migrations run before the table exists.
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('holdfast.schema_epoch') is not null as exists`,
  )
  if (rows[0]?.exists === true) await client.query('truncate holdfast.schema_epoch')
}
