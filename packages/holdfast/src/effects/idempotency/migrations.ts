import type { Migration } from '../../storage/migrations/migration.ts'
import { leafCount, widthFor } from './key-ring.ts'
import { subjectsName } from './queries/key-subjects.ts'

const leaves = Array.from({ length: leafCount }, (_, leaf) => `holdfast.idempotency_keys_${leaf}`)
const defaultRetentionMs = 7 * 86_400_000

/**
 * The tables of idempotency: a ring of leaves, which are read and written individually, and a view
 * of all leaves.
 */
export const idempotencyMigrations: readonly Migration[] = [
  {
    name: '0001-idempotency-keys',
    sql: `
${leaves
  .map(
    (leaf) => `
create table ${leaf} (
  -- The first 128 bits of the SHA-256 of service, scope and key.
  id uuid primary key,
  service text not null,
  -- The caller: tenant, kind and id. Empty for anonymous callers.
  scope text not null,
  key text not null,
  -- A version byte and the SHA-256 of the request.
  fingerprint bytea not null,
  -- The answer as sent to clients.
  status smallint not null,
  headers jsonb not null,
  body text,
  created_at timestamptz not null default now(),
  -- True if the next leaf has the same answer. This is the case for a key that is not a UUIDv7 and
  -- was used close to a slot boundary.
  is_copy boolean not null default false
);`,
  )
  .join('\n')}

-- All stored keys, for queries by hand. The framework does not use this view, because a query of
-- the view locks every leaf.
create view holdfast.idempotency_keys as
${leaves.map((leaf) => `  select * from ${leaf} where not is_copy`).join('\n  union all\n')};

-- The layout of the ring: the length of a slot, and the time since which slots have this length.
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
-- The subjects of the keys in each leaf, truncated together with the leaf.
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
