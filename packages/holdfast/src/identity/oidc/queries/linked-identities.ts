import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Identifies an identity at a provider. */
export interface IdentityReference {
  readonly service: string
  readonly issuer: string
  readonly subject: string
}

/** The row of {@link useIdentity}. */
export interface UsedIdentity {
  readonly account_id: string
}

/** Records that an identity is used, and returns its account. */
export function useIdentity(
  { service, issuer, subject }: IdentityReference,
  email: string | undefined,
): Statement {
  return {
    text: `
      update holdfast.linked_identities set used_at = now(), email = coalesce($4, email)
      where service = $1 and issuer = $2 and subject = $3 returning account_id`,
    values: [service, issuer, subject, email ?? null],
  }
}

/** Parameters of {@link insertIdentity}. */
export interface NewIdentity extends IdentityReference {
  readonly id: string
  readonly account: string
  readonly provider: string
  readonly email: string | undefined
}

/** Links an identity to an account. Returns no row if it is linked already. */
export function insertIdentity(identity: NewIdentity): Statement {
  return {
    text: `
      insert into holdfast.linked_identities (id, service, account_id, provider, issuer, subject, email)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (service, issuer, subject) do nothing returning id`,
    values: [
      identity.id,
      identity.service,
      identity.account,
      identity.provider,
      identity.issuer,
      identity.subject,
      identity.email ?? null,
    ],
  }
}

/** The row of {@link listIdentities}. */
export interface IdentityRow {
  readonly id: string
  readonly provider: string
  readonly email: string | null
  readonly linked_at: Date
  readonly used_at: Date
}

/** Lists the identities of an account, oldest first. */
export function listIdentities(account: string): Statement {
  return {
    text: `
      select id, provider, email, linked_at, used_at from holdfast.linked_identities
      where account_id = $1 order by linked_at, id limit 100`,
    values: [account],
  }
}

/** The row of {@link deleteIdentity}. */
export interface DeletedIdentity {
  readonly provider: string
}

/** Deletes an identity of an account. */
export function deleteIdentity(account: string, id: string): Statement {
  return {
    text: 'delete from holdfast.linked_identities where id = $2 and account_id = $1 returning id, provider',
    values: [account, id],
  }
}

/** The row of {@link readSignInMethods}. */
export interface SignInMethods {
  readonly has_password: boolean
  readonly identities: number
  readonly passkeys: number
}

/** Reads the ways in which an account is signed in to. Lock the account before. */
export function readSignInMethods(account: string): Statement {
  return {
    text: `
      select password_hash is not null as has_password,
        (select count(*) from holdfast.linked_identities where account_id = $1)::int as identities,
        (select count(*) from holdfast.passkeys where account_id = $1)::int as passkeys
      from holdfast.accounts where id = $1`,
    values: [account],
  }
}
