import type { Migration } from '../../storage/migrations/migration.ts'
import { secondFactorMigration } from './second-factor-migration.ts'

/** The tables of accounts. */
export const accountMigrations: readonly Migration[] = [
  {
    name: '0001-accounts',
    sql: `
create table holdfast.accounts (
  id uuid primary key,
  service text not null,
  -- The address as its owner wrote it.
  email text not null,
  -- The address in lower case, by which accounts are found.
  email_key text not null,
  -- Null until the owner has proved that they read mails to the address.
  verified_at timestamptz,
  -- A PHC string. Null for an account that is signed in to without a password. Such an account is
  -- created with a verified address: a sign-up replaces the password of an unverified account.
  password_hash text check (password_hash is not null or verified_at is not null),
  created_at timestamptz not null default now(),
  unique (service, email_key)
) with (fillfactor = 85);

-- The tokens in mails. The rows are also the record of the mails, which limits their number.
create table holdfast.account_tokens (
  -- The SHA-256 of the token.
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  account_id uuid not null references holdfast.accounts on delete cascade,
  purpose text not null check (purpose in ('verify', 'reset', 'notice')),
  -- The job that sends the mail. Each attempt of the job has a token of its own.
  job_id uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index account_tokens_account on holdfast.account_tokens (account_id, created_at);
create index account_tokens_expires_at on holdfast.account_tokens (expires_at);

-- The failed sign-ins of the last minutes, by account and by address of the client.
create table holdfast.sign_in_failures (
  -- The SHA-256 of the service, the kind and the address. Addresses without an account are counted
  -- as well, so that the limit does not show which addresses have one.
  id bytea primary key check (octet_length(id) = 32),
  count integer not null default 1,
  ends_at timestamptz not null
) with (fillfactor = 85);
create index sign_in_failures_ends_at on holdfast.sign_in_failures (ends_at);
`,
  },
  secondFactorMigration,
]
