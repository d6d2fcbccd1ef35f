import type { Migration } from '../migrations/migration.ts'

/** The table of the keys that sign cursors. Several keys are accepted; the newest key signs. */
export const signingKeyMigrations: readonly Migration[] = [
  {
    name: '0001-secrets',
    sql: `
create table holdfast.secrets (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default now()
);

-- The database generates the secret, so that all processes share it and it need not be configured.
-- Two random UUIDs have 244 random bits.
insert into holdfast.secrets (name, value)
values ('cursor', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
`,
  },
  {
    name: '0003-signing-keys',
    sql: `
alter table holdfast.secrets
  add column id smallint not null default 1 check (id between 0 and 255),
  drop constraint secrets_pkey,
  add primary key (name, id);
`,
  },
]
