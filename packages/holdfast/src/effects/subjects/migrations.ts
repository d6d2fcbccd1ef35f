import type { Migration } from '../../storage/migrations/migration.ts'

/** The subject tables, except the tables for idempotency keys. */
export const subjectMigrations: readonly Migration[] = [
  {
    name: '0001-subjects',
    sql: `
-- The rows that are about a person: jobs, messages, and the bodies of webhooks. Deleted with the row.
create table holdfast.subjects (
  -- The first 128 bits of the SHA-256 of the subject.
  subject uuid not null,
  -- The service that owns the row.
  service text not null,
  kind text not null check (kind in ('job', 'message', 'webhook')),
  id uuid not null,
  primary key (subject, service, kind, id)
);
create index subjects_row on holdfast.subjects (id);

-- The subjects of a message as they were declared, for the jobs and webhooks that are about the same.
alter table holdfast.messages add column subjects text[];

-- The erasures of subjects, without personal data.
create table holdfast.erasures (
  id uuid primary key,
  service text not null,
  -- As in holdfast.subjects.
  subject uuid not null,
  -- The role of the database, and what the operator gave as a reference.
  role text not null default session_user,
  reference text,
  began_at timestamptz not null default now(),
  -- Null while it runs, and if it was interrupted.
  ended_at timestamptz,
  -- The numbers of erased rows, by kind; updated by each batch.
  erased jsonb not null default '{}',
  -- The number of rows that were left because they were still needed.
  held integer
);
create index erasures_begun on holdfast.erasures (service, began_at desc, id desc);
`,
  },
]
