import type { Migration } from '../../storage/migrations/migration.ts'

/** The tables of sign-in with other providers. */
export const identityProviderMigrations: readonly Migration[] = [
  {
    name: '0001-identity-providers',
    sql: `
-- The identities at providers with which an account is signed in to. An identity is the issuer and
-- the subject, never the address, which may change or be given to another person.
create table holdfast.linked_identities (
  id uuid primary key,
  service text not null,
  account_id uuid not null references holdfast.accounts on delete cascade,
  -- The name of the provider in the service.
  provider text not null,
  issuer text not null,
  subject text not null,
  -- The address that the provider sent at the last sign-in, for the list of the user.
  email text,
  linked_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  unique (service, issuer, subject)
);
create index linked_identities_account on holdfast.linked_identities (account_id);

-- The sign-ins that browsers have begun, and not completed. A row is used once.
create table holdfast.begun_sign_ins (
  -- The SHA-256 of the state.
  state_hash bytea primary key check (octet_length(state_hash) = 32),
  -- The SHA-256 of the token in the cookie of the browser.
  browser_hash bytea not null check (octet_length(browser_hash) = 32),
  service text not null,
  provider text not null,
  -- The path of the application that the user returns to.
  return_to text not null,
  -- The session that links an identity to its account; null for a sign-in.
  link_session uuid,
  link_account uuid references holdfast.accounts on delete cascade,
  -- True if the user has to enter their credentials at the provider again.
  reauthenticates boolean not null,
  -- The SHA-256 of the token in the mail that verifies the address of a new account.
  email_token_hash bytea check (octet_length(email_token_hash) = 32),
  expires_at timestamptz not null
);
create index begun_sign_ins_expires_at on holdfast.begun_sign_ins (expires_at);
create index begun_sign_ins_account on holdfast.begun_sign_ins (link_account) where link_account is not null;

-- Identities whose address has to be verified by a mail before they get an account.
create table holdfast.unverified_identities (
  id uuid primary key,
  service text not null,
  provider text not null,
  issuer text not null,
  subject text not null,
  email text not null,
  email_key text not null,
  -- The SHA-256 of the token in the mail; null until the mail is sent.
  token_hash bytea unique check (octet_length(token_hash) = 32),
  -- The record that a mail was sent, which limits their number. Null in the rows of further
  -- attempts to send it, each of which has a token of its own.
  mailed_at timestamptz,
  expires_at timestamptz not null
) with (fillfactor = 85);
create index unverified_identities_email on holdfast.unverified_identities (service, email_key, mailed_at);
create index unverified_identities_expires_at on holdfast.unverified_identities (expires_at);
`,
  },
]
