import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { IdentityReference } from './linked-identities.ts'

/** Parameters of {@link insertUnverified}. */
export interface UnverifiedIdentity extends IdentityReference {
  readonly id: string
  readonly provider: string
  readonly email: string
  readonly emailKey: string
  readonly ttlMs: number
}

/** Inserts an identity whose address has to be verified. */
export function insertUnverified(identity: UnverifiedIdentity): Statement {
  return {
    text: `
      insert into holdfast.unverified_identities
        (id, service, provider, issuer, subject, email, email_key, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')`,
    values: [
      identity.id,
      identity.service,
      identity.provider,
      identity.issuer,
      identity.subject,
      identity.email,
      identity.emailKey,
      identity.ttlMs,
    ],
  }
}

/** Waits until no other transaction counts the mails to the address of an identity. */
export function lockMails(id: string): Statement {
  return {
    text: `
      select pg_advisory_xact_lock(hashtextextended('holdfast provider mails ' || service || ' ' || email_key, 0))
      from holdfast.unverified_identities where id = $1`,
    values: [id],
  }
}

/** Parameters of {@link mailUnverified}. */
export interface MailedIdentity {
  readonly id: string
  readonly tokenHash: Buffer
  /** Max number of mails to the address in an hour. */
  readonly limit: number
}

/** The row of {@link mailUnverified}. */
export interface UnverifiedMail {
  readonly email: string
  readonly provider: string
  /** True if a verified account has the address. */
  readonly has_account: boolean
}

/**
 * Stores the token of the mail to an identity. Returns no row if the identity is gone, or if its
 * address has got too many mails. A further attempt to send the mail inserts another row, so that
 * the token of the first stays valid: its mail may have been sent. The attempts count as one mail.
 */
export function mailUnverified({ id, tokenHash, limit }: MailedIdentity): Statement {
  return {
    text: `
      with mailed as (
        update holdfast.unverified_identities as identity
        set token_hash = coalesce(token_hash, $2), mailed_at = now()
        where id = $1 and $3 > (
          select count(*) from holdfast.unverified_identities as other
          where other.service = identity.service and other.email_key = identity.email_key
            and other.mailed_at > now() - interval '1 hour' and other.id <> $1
        )
        returning *
      ), further as (
        insert into holdfast.unverified_identities
          (id, service, provider, issuer, subject, email, email_key, token_hash, expires_at)
        select gen_random_uuid(), service, provider, issuer, subject, email, email_key, $2, expires_at
        from mailed where token_hash <> $2
      )
      select email, provider, exists (
        select from holdfast.accounts as account
        where account.service = mailed.service and account.email_key = mailed.email_key
          and verified_at is not null
      ) as has_account from mailed`,
    values: [id, tokenHash, limit],
  }
}

/** Identifies the mail that has verified the address of an identity. */
export interface VerifiedMail extends IdentityReference {
  readonly emailKey: string
  readonly tokenHash: Buffer
}

/**
 * Deletes an identity whose address was verified by a mail. Returns no row if the token belongs to
 * another identity or to another address, has expired, or was used.
 */
export function takeUnverified({ service, issuer, subject, emailKey, tokenHash }: VerifiedMail): Statement {
  return {
    text: `
      delete from holdfast.unverified_identities
      where token_hash = $5 and service = $1 and issuer = $2 and subject = $3 and email_key = $4
        and expires_at - now() > interval '0'
      returning id`,
    values: [service, issuer, subject, emailKey, tokenHash],
  }
}

/** Deletes expired rows, up to a number of rows. */
export function deleteExpiredUnverified(limit: number): Statement {
  return {
    text: `
      delete from holdfast.unverified_identities where id = any(array(
        select id from holdfast.unverified_identities where expires_at < now() order by expires_at limit $1
      ))`,
    values: [limit],
  }
}
