import type { Migration } from '../../storage/migrations/migration.ts'

/** The table of passkeys. */
export const passkeyMigrations: readonly Migration[] = [
  {
    name: '0001-passkeys',
    sql: `
create table holdfast.passkeys (
  id uuid primary key,
  account_id uuid not null references holdfast.accounts on delete cascade,
  service text not null,
  -- The id that the authenticator chose, in base64url.
  credential_id text not null,
  -- The public key as COSE (RFC 9052). It is no secret.
  public_key bytea not null,
  -- The number of signatures that the authenticator reported; 0 if it does not count.
  counter bigint not null,
  transports text[] not null,
  name text not null,
  -- True if the passkey is synchronized to other devices of its owner.
  backed_up boolean not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  unique (service, credential_id)
) with (fillfactor = 85);
create index passkeys_account on holdfast.passkeys (account_id, created_at);
`,
  },
]
