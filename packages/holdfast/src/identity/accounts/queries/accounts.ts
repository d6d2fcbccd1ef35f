import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of an account. */
export interface AccountRow {
  readonly id: string
  readonly email: string
  readonly email_key: string
  readonly verified_at: Date | null
  /** Null for an account without a password. */
  readonly password_hash: string | null
  readonly created_at: Date
}

const columns = 'id, email, email_key, verified_at, password_hash, created_at'

/** Parameters of {@link upsertAccount}. */
export interface UpsertedAccount extends Pick<AccountRow, 'id' | 'email' | 'email_key'> {
  readonly service: string
  readonly password_hash: string
}

/** The row of {@link upsertAccount}. */
export interface UpsertedRow {
  readonly id: string
  readonly is_verified: boolean
}

/**
 * Inserts an account. If there is one with this address, replaces its password until the address is
 * verified. Does the same work in each case, so that the time shows nothing.
 */
export function upsertAccount(account: UpsertedAccount): Statement {
  return {
    text: `
      insert into holdfast.accounts as account (id, service, email, email_key, password_hash)
      values ($1, $2, $3, $4, $5)
      on conflict (service, email_key) do update set password_hash =
        case when account.verified_at is null then excluded.password_hash else account.password_hash end
      returning id, verified_at is not null as is_verified`,
    values: [account.id, account.service, account.email, account.email_key, account.password_hash],
  }
}

/** Finds the account with an address. */
export function findByEmail(service: string, emailKey: string): Statement {
  return {
    text: `select ${columns} from holdfast.accounts where service = $1 and email_key = $2`,
    values: [service, emailKey],
  }
}

/** Finds an account by its id. */
export function findById(service: string, id: string): Statement {
  return {
    text: `select ${columns} from holdfast.accounts where id = $2 and service = $1`,
    values: [service, id],
  }
}

/** A change of an account whose password was verified before the transaction. */
export interface AccountChange {
  readonly id: string
  /** The hash that was verified. If it has changed since, no row is changed. */
  readonly verifiedHash: string
  /** The new hash; the same hash to keep it. */
  readonly hash: string
  /** True if the address is verified, too. */
  readonly verifiesEmail: boolean
}

/** Changes an account, unless its password has changed since it was verified. */
export function changeAccount({ id, verifiedHash, hash, verifiesEmail }: AccountChange): Statement {
  return {
    text: `
      update holdfast.accounts set password_hash = $3,
        verified_at = case when $4 then coalesce(verified_at, now()) else verified_at end
      where id = $1 and password_hash = $2 returning ${columns}`,
    values: [id, verifiedHash, hash, verifiesEmail],
  }
}

/**
 * Sets the password of an account whose owner has received a mail, and so verifies the address.
 * Sets the first password of an account that has none.
 */
export function resetAccount(id: string, hash: string): Statement {
  return {
    text: `
      update holdfast.accounts set password_hash = $2, verified_at = coalesce(verified_at, now())
      where id = $1 returning ${columns}`,
    values: [id, hash],
  }
}

/** Locks an account, so that its mails are counted one after another. */
export function lockAccount(id: string): Statement {
  return { text: 'select from holdfast.accounts where id = $1 for no key update', values: [id] }
}

/** Returns the address of an account. */
export function findAddress(id: string): Statement {
  return { text: 'select email from holdfast.accounts where id = $1', values: [id] }
}
