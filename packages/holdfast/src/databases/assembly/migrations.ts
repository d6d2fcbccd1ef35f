import type { Migration, MigrationSet } from '../../storage/migrations/migration.ts'
import { schemaEpochMigration } from '../../storage/migrations/schema-epoch.ts'
import { capabilities } from './capabilities.ts'
import { databasePlaceMigration } from './recognize-database.ts'
import { schemaVersion } from './schema-version.ts'

/**
 * Creates the function that checks a transaction before its commit. The check fails if the
 * transaction has already ended, or if a migration was applied after the transaction began.
 */
const transactionMarkerMigration: Migration = {
  name: '0004-transaction-marker',
  sql: `
create function holdfast.check_transaction(marker text, epoch oid) returns boolean language plpgsql as $$
begin
  if marker is not null and marker is distinct from current_setting('holdfast.transaction', true) then
    raise exception 'the transaction ended before its commit' using errcode = 'HF002';
  end if;
  return holdfast.check_schema_epoch(epoch);
end $$;
`,
}

/** All migrations of the framework, in the order of their application. */
export const frameworkMigrations: readonly Migration[] = [
  schemaEpochMigration,
  ...capabilities.flatMap(({ migrations = [] }) => migrations),
  transactionMarkerMigration,
  databasePlaceMigration,
]

/** The migrations of the framework, with the version of its tables. */
export const frameworkMigrationSet: MigrationSet = {
  owner: 'holdfast',
  migrations: frameworkMigrations,
  sharesSession: true,
  version: schemaVersion,
}
