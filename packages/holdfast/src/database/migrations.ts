import { idempotencyMigrations } from '../idempotency/migrations.ts'
import { leaderMigration } from '../jobs/leadership/leader-migration.ts'
import { jobMigrations } from '../jobs/migrations.ts'
import type { Migration } from '../migrate/migration.ts'
import { schemaEpochMigration } from '../migrate/schema-epoch.ts'
import { outboxMigrations } from '../outbox/migrations.ts'
import { webhookMigrations } from '../webhooks/migrations.ts'
import { databasePlaceMigration } from './recognize-database.ts'

/** What a database keeps for the framework whatever it is used for. */
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

/** Several keys may be recognized, the newest of which signs. */
const signingKeysMigration: Migration = {
  name: '0003-signing-keys',
  sql: `
alter table holdfast.secrets
  add column id smallint not null default 1 check (id between 0 and 255),
  drop constraint secrets_pkey,
  add primary key (name, id);
`,
}

/** Fails a transaction that is not the one which was begun, or in which a migration came between. */
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

/** All that the framework keeps in a database, in the order in which it is made. */
export const ownMigrations: readonly Migration[] = [
  ...databaseMigrations,
  schemaEpochMigration,
  signingKeysMigration,
  ...idempotencyMigrations,
  ...jobMigrations,
  leaderMigration,
  ...outboxMigrations,
  ...webhookMigrations,
  transactionMarkerMigration,
  databasePlaceMigration,
]
