import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Parameters of {@link insertBegun}. */
export interface BegunSignIn {
  readonly service: string
  readonly stateHash: Buffer
  readonly browserHash: Buffer
  readonly provider: string
  readonly returnTo: string
  /** The session that links an identity; `undefined` for a sign-in. */
  readonly link: { readonly session: string; readonly account: string } | undefined
  readonly reauthenticates: boolean
  readonly emailTokenHash: Buffer | undefined
  readonly ttlMs: number
}

/** Inserts a sign-in that a browser has begun. */
export function insertBegun(begun: BegunSignIn): Statement {
  return {
    text: `
      insert into holdfast.begun_sign_ins (service, state_hash, browser_hash, provider, return_to,
        link_session, link_account, reauthenticates, email_token_hash, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 millisecond')`,
    values: [
      begun.service,
      begun.stateHash,
      begun.browserHash,
      begun.provider,
      begun.returnTo,
      begun.link?.session ?? null,
      begun.link?.account ?? null,
      begun.reauthenticates,
      begun.emailTokenHash ?? null,
      begun.ttlMs,
    ],
  }
}

/** Identifies a begun sign-in: the state, and the browser and the provider it was begun with. */
export interface BegunReference {
  readonly service: string
  readonly stateHash: Buffer
  readonly browserHash: Buffer
  readonly provider: string
}

/** The stored row of a begun sign-in. */
export interface BegunRow {
  readonly return_to: string
  readonly link_session: string | null
  readonly link_account: string | null
  readonly reauthenticates: boolean
  readonly email_token_hash: Buffer | null
  /** The time for which the sign-in is still valid. */
  readonly left_ms: number
}

const columns = `return_to, link_session, link_account, reauthenticates, email_token_hash,
  (extract(epoch from expires_at - now()) * 1000)::double precision as left_ms`
const matches = `
  state_hash = $1 and service = $2 and browser_hash = $3 and provider = $4
  and expires_at - now() > interval '0'`

/** Finds a begun sign-in. */
export function findBegun({ service, stateHash, browserHash, provider }: BegunReference): Statement {
  return {
    text: `select ${columns} from holdfast.begun_sign_ins where ${matches}`,
    values: [stateHash, service, browserHash, provider],
  }
}

/** Deletes a begun sign-in, and returns it. Only one transaction gets the row. */
export function takeBegun({ service, stateHash, browserHash, provider }: BegunReference): Statement {
  return {
    text: `delete from holdfast.begun_sign_ins where ${matches} returning ${columns}`,
    values: [stateHash, service, browserHash, provider],
  }
}

/** Deletes expired rows, up to a number of rows. */
export function deleteExpiredBegun(limit: number): Statement {
  return {
    text: `
      delete from holdfast.begun_sign_ins where state_hash = any(array(
        select state_hash from holdfast.begun_sign_ins where expires_at < now() order by expires_at limit $1
      ))`,
    values: [limit],
  }
}
