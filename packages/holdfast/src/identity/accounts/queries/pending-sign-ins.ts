import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Parameters of {@link insertPendingSignIn}. */
export interface InsertedPendingSignIn {
  readonly account: string
  readonly tokenHash: Buffer
  readonly ttlMs: number
}

/** Inserts a sign-in that waits for the second factor. Returns no row if the account has none. */
export function insertPendingSignIn({ account, tokenHash, ttlMs }: InsertedPendingSignIn): Statement {
  return {
    text: `
      insert into holdfast.pending_sign_ins (token_hash, account_id, expires_at)
      select $2, account_id, now() + $3 * interval '1 millisecond' from holdfast.authenticators
      where account_id = $1 and confirmed_at is not null
      returning account_id`,
    values: [account, tokenHash, ttlMs],
  }
}

/** The row of {@link countPendingAttempt}. */
export interface PendingRow {
  readonly account_id: string
}

// With `expires_at > now()`, Postgres might read all valid rows through the index on `expires_at`.
// This condition cannot use that index.
const isValid = "expires_at - now() > interval '0'"

/** Finds the account of a pending sign-in that is valid. */
export function findPendingSignIn(service: string, tokenHash: Buffer, maxAttempts: number): Statement {
  return {
    text: `
      select account_id from holdfast.pending_sign_ins
      join holdfast.accounts account on account.id = account_id
      where token_hash = $2 and service = $1 and attempts < $3 and ${isValid} limit 1`,
    values: [service, tokenHash, maxAttempts],
  }
}

/**
 * Counts an attempt of a pending sign-in, and locks its row. Returns no row if the sign-in has
 * expired, was completed, or has had too many attempts.
 */
export function countPendingAttempt(tokenHash: Buffer, maxAttempts: number): Statement {
  return {
    text: `
      update holdfast.pending_sign_ins set attempts = attempts + 1
      where token_hash = $1 and attempts < $2 and ${isValid} returning account_id`,
    values: [tokenHash, maxAttempts],
  }
}

/** Deletes a pending sign-in that was completed. */
export function deletePendingSignIn(tokenHash: Buffer): Statement {
  return { text: 'delete from holdfast.pending_sign_ins where token_hash = $1', values: [tokenHash] }
}

/** Deletes expired pending sign-ins, up to a number of rows. */
export function deleteExpiredSignIns(limit: number): Statement {
  return {
    text: `
      delete from holdfast.pending_sign_ins where token_hash = any(array(
        select token_hash from holdfast.pending_sign_ins
        where expires_at < now() order by expires_at limit $1
      ))`,
    values: [limit],
  }
}
