import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The row of {@link lockAuthenticator}. */
export interface AuthenticatorRow {
  readonly sealed_secret: Buffer
  readonly is_confirmed: boolean
  readonly last_step: string
}

/** Inserts an authenticator, or replaces one that was never confirmed. Returns no row otherwise. */
export function insertAuthenticator(account: string, sealedSecret: Uint8Array): Statement {
  return {
    text: `
      insert into holdfast.authenticators as known (account_id, sealed_secret) values ($1, $2)
      on conflict (account_id) do update set sealed_secret = excluded.sealed_secret, created_at = now()
      where known.confirmed_at is null returning account_id`,
    values: [account, sealedSecret],
  }
}

/** Returns and locks the authenticator of an account, so that each code is accepted once. */
export function lockAuthenticator(account: string): Statement {
  return {
    text: `
      select sealed_secret, confirmed_at is not null as is_confirmed, last_step
      from holdfast.authenticators where account_id = $1 for update`,
    values: [account],
  }
}

/** Records that a code was accepted, and confirms the authenticator. */
export function acceptStep(account: string, step: number, sealedSecret: Uint8Array): Statement {
  return {
    text: `
      update holdfast.authenticators
      set last_step = $2, sealed_secret = $3, confirmed_at = coalesce(confirmed_at, now())
      where account_id = $1`,
    values: [account, step, sealedSecret],
  }
}

/** Deletes the authenticator of an account, and its recovery codes. */
export function deleteAuthenticator(account: string): Statement {
  return { text: 'delete from holdfast.authenticators where account_id = $1', values: [account] }
}

/** Replaces the recovery codes of an account. */
export function replaceRecoveryCodes(account: string, hashes: readonly Buffer[]): Statement {
  return {
    text: `
      with removed as (
        delete from holdfast.recovery_codes where account_id = $1 and not code_hash = any($2)
      )
      insert into holdfast.recovery_codes (account_id, code_hash) select $1, unnest($2::bytea[])`,
    values: [account, hashes],
  }
}

/** Deletes a recovery code. Only one transaction gets the row. */
export function takeRecoveryCode(account: string, codeHash: Buffer): Statement {
  return {
    text: `
      delete from holdfast.recovery_codes
      where account_id = $1 and code_hash = $2 returning account_id`,
    values: [account, codeHash],
  }
}

/** The row of {@link readSecondFactor}. */
export interface SecondFactorRow {
  readonly is_confirmed: boolean
  readonly codes: number
}

/** Returns the state of the second factor of an account; no row if it has none. */
export function readSecondFactor(account: string): Statement {
  return {
    text: `
      select confirmed_at is not null as is_confirmed,
        (select count(*)::int from holdfast.recovery_codes where account_id = $1) as codes
      from holdfast.authenticators where account_id = $1`,
    values: [account],
  }
}
