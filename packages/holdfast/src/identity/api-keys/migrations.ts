import type { Migration } from '../../storage/migrations/migration.ts'

/** The table of API keys. */
export const apiKeyMigrations: readonly Migration[] = [
  {
    name: '0001-api-keys',
    sql: `
create table holdfast.api_keys (
  id uuid primary key,
  -- The order in which keys were created.
  seq bigint generated always as identity unique,
  -- The service whose callers the key identifies.
  service text not null,
  -- SHA-256 of the key. The key itself is not stored.
  hash bytea not null unique,
  -- The first characters of the key, which identify it in lists.
  start text not null,
  -- The caller that the key identifies.
  kind text not null,
  caller text not null,
  tenant text,
  name text not null,
  scopes text[] not null,
  -- The lifetime, which a successor of the key gets, too; null for a key that does not expire.
  lifetime_ms bigint,
  created_at timestamptz not null default now(),
  -- Null for a key that does not expire.
  expires_at timestamptz,
  revoked_at timestamptz,
  -- Null if the key has not been used; up to a minute late.
  last_used_at timestamptz
) with (fillfactor = 85);
create index api_keys_caller on holdfast.api_keys (service, kind, caller, seq);
`,
  },
]
