import type { Migration } from '../migrate/migration.ts'

/** The tables of idempotency. */
export const idempotencyMigrations: readonly Migration[] = [
  {
    name: '0001-idempotency-keys',
    sql: `
create table holdfast.idempotency_keys (
  -- Who the key belongs to: tenant and principal. Empty for anonymous callers.
  scope text not null,
  key text not null,
  -- A version byte and the SHA-256 of the request.
  fingerprint bytea not null,
  -- The answer, ready to be sent again as it was.
  status smallint not null,
  headers jsonb not null,
  body text,
  created_at timestamptz not null default now(),
  primary key (scope, key)
);

-- Rows come in the order of their time, so a few bytes per range of pages find the old ones.
create index idempotency_keys_created_at on holdfast.idempotency_keys using brin (created_at) with (autosummarize = on);
`,
  },
]
