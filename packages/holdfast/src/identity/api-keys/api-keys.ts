import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { isUuid } from '../../kernel/base/uuid.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { isToken } from '../../kernel/operation/http-token.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import type { PageSource } from '../../kernel/pages/page.ts'
import { listOf } from '../../storage/pages/list-of.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { type ApiKey, type ApiKeyCaller, type NewApiKey, toApiKey } from './api-key.ts'
import { apiKeyIdentifier } from './api-key-identifier.ts'
import { createKeyText, hashKeyText, startOfKeyText } from './api-key-text.ts'
import { ApiKeyEnded, ApiKeyUnknown } from './problems.ts'
import {
  type ApiKeyRow,
  apiKeyRows,
  expireApiKey,
  insertApiKey,
  readOwnedKey,
  revokeApiKey,
} from './queries/api-keys.ts'

/** Options of {@link apiKeys}. */
export interface ApiKeysOptions {
  /**
   * The part of a key before its random characters, by which secret scanners and people recognize
   * it: lower-case letters, digits and underscores. Default `'hf_live'`. Set the name of your
   * product. Keys with an earlier prefix are no longer accepted.
   */
  readonly prefix?: string
  /**
   * The name of a header that contains the key, such as `'X-Api-Key'`. Default: the key is a bearer
   * token, `Authorization: Bearer hf_live_…`.
   */
  readonly header?: string
}

/** The definition of a new API key. */
export interface ApiKeyDefinition {
  /** The caller that the key identifies: `{ kind: 'service', id: 'billing' }`. */
  readonly caller: ApiKeyCaller
  /** A name by which people recognize the key. */
  readonly name: string
  /** The scopes that the key grants. Default: none. */
  readonly scopes?: readonly string[]
  /** The time after which the key expires. Default: it does not expire. */
  readonly expiresIn?: Duration
}

/** Identifies a key of a caller. The keys of other callers are not found. */
export interface ApiKeyReference {
  readonly id: string
  readonly caller: ApiKeyCaller
}

/** Options of `rotateKey`. */
export interface ApiKeyRotation extends ApiKeyReference {
  /** Time for which the old key is still accepted. Default `'24h'`. */
  readonly overlap?: Duration
}

/**
 * The identifier of callers with API keys, and functions for keys, to be called in handlers with
 * their transaction. Keys belong to the service whose handlers create them: other services on the
 * same database do not accept them.
 */
export interface ApiKeys extends Identifier {
  /** Creates a key. Returns the key itself, which is not stored. */
  createKey(transaction: Transaction, definition: ApiKeyDefinition): Promise<NewApiKey>
  /**
   * Creates a successor with the same name, scopes and lifetime. The old key expires after the
   * `overlap`. Throws `ApiKeyUnknown` or `ApiKeyEnded`.
   */
  rotateKey(transaction: Transaction, rotation: ApiKeyRotation): Promise<NewApiKey>
  /** Revokes a key. Every process rejects it within a second. Throws `ApiKeyUnknown`. */
  revokeKey(transaction: Transaction, key: ApiKeyReference): Promise<ApiKey>
  /** Lists the keys of a caller, oldest first, as a source for `page`. */
  listKeys(statements: Statements, filters: { readonly caller: ApiKeyCaller }): PageSource<ApiKey>
}

const defaultPrefix = 'hf_live'
const prefixForm = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/

/**
 * Returns the API keys of an application: an identifier, and functions that create, rotate, revoke
 * and list keys. A key is stored as a hash. A call with a key that was used within the last second
 * runs no statement; other calls run one.
 *
 * @throws HoldfastError `configuration-invalid` if an option is invalid.
 *
 * @example
 * ```ts
 * const keys = apiKeys({ prefix: 'acme_live' })
 * const app = holdfast({ database: postgres(), identify: keys })
 * ```
 */
export function apiKeys({ prefix = defaultPrefix, header }: ApiKeysOptions = {}): ApiKeys {
  if (!prefixForm.test(prefix))
    throw configurationInvalid([
      `the prefix of API keys is ${JSON.stringify(prefix)}; use lower-case letters, digits and underscores, such as "acme_live"`,
    ])
  if (header !== undefined && !isToken(header))
    throw configurationInvalid([
      `the header of API keys is ${JSON.stringify(header)}, which is not the name of a header`,
    ])
  return {
    ...apiKeyIdentifier({ prefix, header }),
    createKey: (transaction, definition) => createKey(transaction, definition, prefix),
    rotateKey: (transaction, rotation) => rotateKey(transaction, rotation, prefix),
    revokeKey,
    listKeys: (statements, { caller }) =>
      listOf<ApiKeyRow, ApiKey>(statements, {
        rows: apiKeyRows(ownerOf(statements, caller)),
        order: ['seq'],
        toItem: toApiKey,
      }),
  }
}

async function createKey(
  transaction: Transaction,
  { caller, name, scopes = [], expiresIn }: ApiKeyDefinition,
  prefix: string,
): Promise<NewApiKey> {
  const lifetimeMs = expiresIn === undefined ? null : toMilliseconds(expiresIn, { option: 'expiresIn' })
  return insertKey(transaction, { caller, name, scopes, lifetimeMs, prefix })
}

async function rotateKey(
  transaction: Transaction,
  { overlap = '24h', ...key }: ApiKeyRotation,
  prefix: string,
): Promise<NewApiKey> {
  const overlapMs = toMilliseconds(overlap, { option: 'overlap', allowsZero: true })
  const owned = ownedKey(transaction, key)
  if (!isUuid(key.id)) throw ApiKeyUnknown()
  const [row] = await runStatement<ApiKeyRow>(transaction, expireApiKey(owned, overlapMs))
  if (!row) {
    const isKnown = (await runStatement(transaction, readOwnedKey(owned))).length > 0
    throw isKnown ? ApiKeyEnded() : ApiKeyUnknown()
  }
  return insertKey(transaction, {
    caller: key.caller,
    name: row.name,
    scopes: row.scopes,
    lifetimeMs: row.lifetime_ms,
    prefix,
  })
}

/** Parameters of {@link insertKey}. */
interface InsertedKey extends Required<Pick<ApiKeyDefinition, 'caller' | 'name' | 'scopes'>> {
  /** `null` for a key that does not expire. */
  readonly lifetimeMs: number | null
  readonly prefix: string
}

async function insertKey(
  transaction: Transaction,
  { caller, name, scopes, lifetimeMs, prefix }: InsertedKey,
): Promise<NewApiKey> {
  const key = createKeyText(prefix)
  const [row] = await runStatement<ApiKeyRow>(
    transaction,
    insertApiKey({
      id: uuidv7(),
      ...ownerOf(transaction, caller),
      hash: hashKeyText(key),
      start: startOfKeyText(prefix, key),
      name,
      scopes,
      lifetimeMs,
    }),
  )
  return { ...toApiKey(row!), key }
}

async function revokeKey(transaction: Transaction, key: ApiKeyReference): Promise<ApiKey> {
  const statement = revokeApiKey(ownedKey(transaction, key))
  const [row] = isUuid(key.id) ? await runStatement<ApiKeyRow>(transaction, statement) : []
  if (!row) throw ApiKeyUnknown()
  return toApiKey(row)
}

function ownedKey(transaction: Transaction, { id, caller }: ApiKeyReference) {
  return { id, ...ownerOf(transaction, caller) }
}

function ownerOf({ service }: Statements, { kind, id, tenant }: ApiKeyCaller) {
  return { service, kind, caller: id, tenant: tenant ?? null }
}
