import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of a passkey. */
export interface PasskeyRow {
  readonly id: string
  readonly account_id: string
  readonly credential_id: string
  readonly public_key: Buffer
  readonly counter: string
  readonly transports: readonly string[]
  readonly name: string
  readonly backed_up: boolean
  readonly created_at: Date
  readonly used_at: Date | null
}

const columns =
  'id, account_id, credential_id, public_key, counter, transports, name, backed_up, created_at, used_at'

/** Parameters of {@link insertPasskey}. */
export interface InsertedPasskey extends Pick<PasskeyRow, 'id' | 'credential_id' | 'name' | 'backed_up'> {
  readonly service: string
  readonly account: string
  readonly publicKey: Uint8Array
  readonly counter: number
  readonly transports: readonly string[]
  /** Max number of passkeys of an account. */
  readonly limit: number
}

/** Inserts a passkey. Returns no row if the account has too many, or the credential is known. */
export function insertPasskey(passkey: InsertedPasskey): Statement {
  return {
    text: `
      insert into holdfast.passkeys
        (id, account_id, service, credential_id, public_key, counter, transports, name, backed_up)
      select $1, $2, $3, $4, $5, $6, $7, $8, $9
      where $10 > (select count(*) from holdfast.passkeys where account_id = $2)
      on conflict (service, credential_id) do nothing returning id`,
    values: [
      passkey.id,
      passkey.account,
      passkey.service,
      passkey.credential_id,
      passkey.publicKey,
      passkey.counter,
      passkey.transports,
      passkey.name,
      passkey.backed_up,
      passkey.limit,
    ],
  }
}

/** Returns the passkeys of an account, oldest first. */
export function selectPasskeys(account: string): Statement {
  return {
    text: `select ${columns} from holdfast.passkeys where account_id = $1 order by created_at, id limit 100`,
    values: [account],
  }
}

/** Finds a passkey by the id of its credential. */
export function findPasskey(service: string, credentialId: string): Statement {
  return {
    text: `select ${columns} from holdfast.passkeys where service = $1 and credential_id = $2`,
    values: [service, credentialId],
  }
}

/** Parameters of {@link notePasskeyUse}. */
export interface PasskeyUse {
  readonly id: string
  readonly counter: number
  readonly backedUp: boolean
}

/**
 * Records the use of a passkey. Returns no row if the passkey was removed, or if its counter is not
 * larger than the stored one. A counter of 0 means that the authenticator does not count.
 */
export function notePasskeyUse({ id, counter, backedUp }: PasskeyUse): Statement {
  return {
    text: `
      update holdfast.passkeys set counter = $2, backed_up = $3, used_at = now()
      where id = $1 and (counter < $2 or (counter = 0 and $2 = 0)) returning account_id`,
    values: [id, counter, backedUp],
  }
}

/** Renames a passkey of an account. */
export function renamePasskey(account: string, id: string, name: string): Statement {
  return {
    text: 'update holdfast.passkeys set name = $3 where id = $2 and account_id = $1 returning id',
    values: [account, id, name],
  }
}

/** Deletes a passkey of an account. */
export function deletePasskey(account: string, id: string): Statement {
  return {
    text: 'delete from holdfast.passkeys where id = $2 and account_id = $1 returning id',
    values: [account, id],
  }
}
