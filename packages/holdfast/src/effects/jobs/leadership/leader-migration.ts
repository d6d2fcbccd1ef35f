import type { Migration } from '../../../storage/migrations/migration.ts'

/** The migration that creates the table of service leaders. */
export const leaderMigration: Migration = {
  name: '0001-service-leaders',
  sql: `
-- The leader of each service: the process that promotes, admits and rescues jobs, deletes old rows,
-- enqueues the jobs of schedules, and dispatches messages.
create table holdfast.service_leaders (
  service text primary key,
  holder uuid not null,
  -- The number of times that the lease has changed hands.
  term bigint not null,
  expires_at timestamptz not null,
  -- The application_name of a session of the holder, and the role of that session. If the session
  -- has ended, the holder is gone.
  session text,
  role text not null,
  -- The names of the tasks that the holder has. Other processes, for example of another version,
  -- run the tasks that the holder does not have.
  covers text[] not null
) with (fillfactor = 50);
`,
}
