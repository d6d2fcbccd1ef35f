import type { Migration } from '../../../storage/migrations/migration.ts'

/** The migration of the table of service leaders. */
export const leaderMigration: Migration = {
  name: '0001-service-leaders',
  sql: `
-- The process of each service that does what only one has to do: promotes, admits and rescues jobs, prunes,
-- enqueues the jobs of schedules, dispatches messages.
create table holdfast.service_leaders (
  service text primary key,
  holder uuid not null,
  -- How often the lease has changed hands.
  term bigint not null,
  expires_at timestamptz not null,
  -- The application_name of a session of the holder, and its role: without the session, the holder is gone.
  session text,
  role text not null,
  -- The schedules and limited jobs that the holder knows. Processes of another version do what it does not know.
  covers text[] not null
) with (fillfactor = 50);
`,
}
