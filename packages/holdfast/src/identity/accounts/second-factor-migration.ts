import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of second factors, and of sign-ins that wait for one. */
export const secondFactorMigration: Migration = {
  name: '0002-second-factors',
  sql: `
-- The authenticator app of an account (RFC 6238).
create table holdfast.authenticators (
  account_id uuid primary key references holdfast.accounts on delete cascade,
  -- The secret, encrypted with SECRET_KEYS, and bound to the account.
  sealed_secret bytea not null,
  -- Null until the owner has entered a first code. Until then, sign-ins need no code.
  confirmed_at timestamptz,
  -- The time step of the last accepted code: each code is accepted once.
  last_step bigint not null default 0,
  created_at timestamptz not null default now()
);

create table holdfast.recovery_codes (
  account_id uuid not null references holdfast.authenticators on delete cascade,
  -- The SHA-256 of a random code, which is accepted once.
  code_hash bytea not null check (octet_length(code_hash) = 32),
  primary key (account_id, code_hash)
);

-- The sign-ins whose first factor was right.
create table holdfast.pending_sign_ins (
  -- The SHA-256 of the token that the client got.
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  account_id uuid not null references holdfast.accounts on delete cascade,
  attempts integer not null default 0,
  expires_at timestamptz not null
) with (fillfactor = 85);
create index pending_sign_ins_account on holdfast.pending_sign_ins (account_id);
create index pending_sign_ins_expires_at on holdfast.pending_sign_ins (expires_at);
`,
}
