import { idempotencyMigrations } from '../../effects/idempotency/migrations.ts'
import { leaderMigration } from '../../effects/jobs/leadership/leader-migration.ts'
import { jobMigrations } from '../../effects/jobs/migrations.ts'
import { subjectMigrations } from '../../effects/subjects/migrations.ts'
import type { Migration } from '../../storage/migrations/migration.ts'
import { schemaEpochMigration } from '../../storage/migrations/schema-epoch.ts'
import { messageMigrations } from '../../effects/messages/migrations.ts'
import { webhookMigrations } from '../../effects/webhooks/migrations.ts'
import { databasePlaceMigration } from './recognize-database.ts'

/** The tables that every database of the framework has. */
const databaseMigrations: readonly Migration[] = [
  {
    name: '0001-secrets',
    sql: `
create table holdfast.secrets (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default now()
);

-- Made here, so that all processes on the database share it and nobody has to configure it. Two random UUIDs: 244 random bits.
insert into holdfast.secrets (name, value)
values ('cursor', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
`,
  },
]

/** Several keys are accepted; the newest of them signs. */
const signingKeysMigration: Migration = {
  name: '0003-signing-keys',
  sql: `
alter table holdfast.secrets
  add column id smallint not null default 1 check (id between 0 and 255),
  drop constraint secrets_pkey,
  add primary key (name, id);
`,
}

/** Fails a transaction that is not the one begun, or that a migration interrupted. */
const transactionMarkerMigration: Migration = {
  name: '0004-transaction-marker',
  sql: `
create function holdfast.check_transaction(marker text, epoch oid) returns boolean language plpgsql as $$
begin
  if marker is not null and marker is distinct from current_setting('holdfast.transaction', true) then
    raise exception 'the transaction was ended before it was to commit' using errcode = 'HF002';
  end if;
  return holdfast.check_schema_epoch(epoch);
end $$;
`,
}

/** All migrations of the framework, in the order in which they are applied. */
export const frameworkMigrations: readonly Migration[] = [
  ...databaseMigrations,
  schemaEpochMigration,
  signingKeysMigration,
  ...idempotencyMigrations,
  ...jobMigrations,
  leaderMigration,
  ...messageMigrations,
  ...webhookMigrations,
  transactionMarkerMigration,
  databasePlaceMigration,
  ...subjectMigrations,
]
