import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The use of a token in a mail. A notice has no link, but is counted. */
export type TokenPurpose = 'verify' | 'reset' | 'notice'

/** Parameters of {@link insertToken}. */
export interface InsertedToken {
  readonly account: string
  readonly tokenHash: Buffer
  readonly purpose: TokenPurpose
  readonly ttlMs: number
  /** The job that sends the mail. */
  readonly job: string
  /** Max number of mails to the account in an hour. */
  readonly limit: number
}

/** The row of {@link insertToken}. */
export interface MailedAccount {
  readonly email: string
}

/**
 * Inserts a token, and returns the address of its account. Returns no row if the account is gone,
 * or has got too many mails. The attempts of one job count as one mail: otherwise, a mail server
 * that is down for a few attempts would use up the limit, and no attempt would send the mail.
 */
export function insertToken({ account, tokenHash, purpose, ttlMs, job, limit }: InsertedToken): Statement {
  return {
    text: `
      with inserted as (
        insert into holdfast.account_tokens (token_hash, account_id, purpose, job_id, expires_at)
        select $2, id, $3, $6, now() + $4 * interval '1 millisecond' from holdfast.accounts
        where id = $1 and $5 > (
          select count(distinct job_id) from holdfast.account_tokens
          where account_id = $1 and created_at > now() - interval '1 hour' and job_id <> $6
        )
        returning account_id
      )
      select email from holdfast.accounts where id = (select account_id from inserted)`,
    values: [account, tokenHash, purpose, ttlMs, limit, job],
  }
}

// With `expires_at > now()`, Postgres might read all valid tokens through the index on
// `expires_at`. This condition cannot use that index.
const isValid = "expires_at - now() > interval '0'"

/** The row of {@link findToken}. */
export interface TokenRow {
  readonly account_id: string
  readonly email_key: string
  readonly password_hash: string | null
}

/** Finds the account of a token that is valid. */
export function findToken(service: string, purpose: TokenPurpose, tokenHash: Buffer): Statement {
  return {
    text: `
      select account_id, email_key, password_hash from holdfast.account_tokens
      join holdfast.accounts account on account.id = account_id
      where token_hash = $3 and purpose = $2 and service = $1 and ${isValid} limit 1`,
    values: [service, purpose, tokenHash],
  }
}

/** Deletes a token that is valid, and returns its account. Only one transaction gets the row. */
export function takeToken(purpose: TokenPurpose, tokenHash: Buffer): Statement {
  return {
    text: `
      delete from holdfast.account_tokens
      where token_hash = $2 and purpose = $1 and ${isValid} returning account_id`,
    values: [purpose, tokenHash],
  }
}

/** Invalidates the other tokens of an account. They still count as mails. */
export function expireTokens(account: string): Statement {
  return {
    text: `update holdfast.account_tokens set expires_at = now() where account_id = $1 and ${isValid}`,
    values: [account],
  }
}

/** Deletes tokens that expired more than an hour ago, up to a number of rows. */
export function deleteExpiredTokens(limit: number): Statement {
  return {
    text: `
      delete from holdfast.account_tokens where token_hash = any(array(
        select token_hash from holdfast.account_tokens
        where expires_at < now() - interval '1 hour' order by expires_at limit $1
      ))`,
    values: [limit],
  }
}
