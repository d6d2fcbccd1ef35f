import type { Migration } from '../../storage/migrations/migration.ts'
import { leafCount, widthFor } from './key-ring.ts'
import { subjectsName } from './queries/key-subjects.ts'

const leaves = Array.from({ length: leafCount }, (_, leaf) => `holdfast.idempotency_keys_${leaf}`)
const defaultRetentionMs = 7 * 86_400_000

/**
 * The tables of idempotency: a ring of leaves, read and written individually, and a view of all of
 * them.
 */
export const idempotencyMigrations: readonly Migration[] = [
  {
    name: '0001-idempotency-keys',
    sql: `
${leaves
  .map(
    (leaf) => `
create table ${leaf} (
  -- Of service, scope and key: the first 128 bits of their SHA-256.
  id uuid primary key,
  service text not null,
  -- The caller: tenant, kind and id. Empty for anonymous callers.
  scope text not null,
  key text not null,
  -- A version byte and the SHA-256 of the request.
  fingerprint bytea not null,
  -- The answer, ready to be sent again.
  status smallint not null,
  headers jsonb not null,
  body text,
  created_at timestamptz not null default now(),
  -- Whether the same answer is in the next leaf too: a key that is not a UUIDv7, close to a boundary.
  is_copy boolean not null default false
);`,
  )
  .join('\n')}

-- For people. The framework reads single leaves: each of these is locked by a query of the view.
create view holdfast.idempotency_keys as
${leaves.map((leaf) => `  select * from ${leaf} where not is_copy`).join('\n  union all\n')};

-- The layout of the ring: the length of a slot, and since when.
create table holdfast.idempotency_ring (
  is_only boolean primary key default true check (is_only),
  width_ms bigint not null,
  since_ms bigint not null
);
insert into holdfast.idempotency_ring (width_ms, since_ms) values (${widthFor(defaultRetentionMs)}, 0);
`,
  },
  {
    name: '0002-idempotency-subjects',
    sql: `
-- The subjects of the keys of each leaf. Truncated with their leaf.
${Array.from(
  { length: leafCount },
  (_, leaf) => `
create table ${subjectsName(leaf)} (
  -- The first 128 bits of the SHA-256 of the subject.
  subject uuid not null,
  service text not null,
  -- The id of the key.
  id uuid not null,
  primary key (subject, service, id)
);`,
).join('\n')}
`,
  },
]
