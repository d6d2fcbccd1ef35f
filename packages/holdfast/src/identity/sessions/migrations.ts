import type { Migration } from '../../storage/migrations/migration.ts'

/** The table of sessions. */
export const sessionMigrations: readonly Migration[] = [
  {
    name: '0001-sessions',
    sql: `
create table holdfast.sessions (
  -- Names the session in lists. It is not a credential.
  id uuid primary key,
  -- The service that began the session.
  service text not null,
  -- The SHA-256 of the token in the cookie.
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  -- The id of the user.
  account text not null,
  tenant text,
  -- When the user last proved their identity.
  authenticated_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  -- The last use, rounded: it is written at most once a minute.
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- The client that began the session, for the list of sessions.
  address text,
  user_agent text
) with (fillfactor = 85);
create index sessions_account on holdfast.sessions (service, account, created_at);
create index sessions_expires_at on holdfast.sessions (expires_at);
`,
  },
]
