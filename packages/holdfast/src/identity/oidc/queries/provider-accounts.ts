import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The row of {@link findAccountOfEmail}. */
export interface AccountOfEmail {
  readonly id: string
  readonly is_verified: boolean
}

/** Finds the account with an address, and locks it. */
export function findAccountOfEmail(service: string, emailKey: string): Statement {
  return {
    text: `
      select id, verified_at is not null as is_verified from holdfast.accounts
      where service = $1 and email_key = $2 for no key update`,
    values: [service, emailKey],
  }
}

/**
 * Deletes an account whose address was never verified, with everything that belongs to it. The
 * person who created it may be another than the owner of the address.
 */
export function deleteUnverifiedAccount(id: string): Statement {
  return { text: 'delete from holdfast.accounts where id = $1 and verified_at is null', values: [id] }
}

/** Parameters of {@link insertVerifiedAccount}. */
export interface VerifiedAccount {
  readonly id: string
  readonly service: string
  readonly email: string
  readonly emailKey: string
}

/** Inserts an account without a password. Returns no row if there is one with the address. */
export function insertVerifiedAccount({ id, service, email, emailKey }: VerifiedAccount): Statement {
  return {
    text: `
      insert into holdfast.accounts (id, service, email, email_key, verified_at)
      values ($1, $2, $3, $4, now()) on conflict (service, email_key) do nothing returning id`,
    values: [id, service, email, emailKey],
  }
}
