import type { Migration } from '../../storage/migrations/migration.ts'

/** The subject tables, except the tables for idempotency keys. */
export const subjectMigrations: readonly Migration[] = [
  {
    name: '0001-subjects',
    sql: `
-- The subjects of jobs, messages and webhook messages. A subject is deleted together with its row.
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

-- The subjects of a message as its event declares them. The jobs and webhooks of the message get
-- the same subjects.
alter table holdfast.messages add column subjects text[];

-- The erasures of subjects, without personal data.
create table holdfast.erasures (
  id uuid primary key,
  service text not null,
  -- The first 128 bits of the SHA-256 of the subject, as in holdfast.subjects.
  subject uuid not null,
  -- The database role that ran the erasure, and the reference that the operator passed.
  role text not null default session_user,
  reference text,
  began_at timestamptz not null default now(),
  -- Null while the erasure runs, or if it was interrupted.
  ended_at timestamptz,
  -- The numbers of erased rows, by kind; updated by each batch.
  erased jsonb not null default '{}',
  -- The number of rows that were not erased because they were still needed.
  held integer
);
create index erasures_begun on holdfast.erasures (service, began_at desc, id desc);
`,
  },
]
