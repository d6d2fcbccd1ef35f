import sql, { raw, type Sql } from 'sql-template-tag'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of an API key. */
export interface ApiKeyRow {
  readonly id: string
  /** The sort key of pages, as a decimal integer. */
  readonly seq: string
  readonly start: string
  readonly kind: string
  readonly caller: string
  readonly tenant: string | null
  readonly name: string
  readonly scopes: string[]
  /** `null` for a key that does not expire. */
  readonly lifetime_ms: number | null
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
}

const columns =
  'id, seq, start, kind, caller, tenant, name, scopes, lifetime_ms::float8, created_at, expires_at, revoked_at, last_used_at'

/** Parameters of {@link insertApiKey}. */
export interface InsertedApiKey extends Pick<
  ApiKeyRow,
  'id' | 'start' | 'kind' | 'caller' | 'tenant' | 'name'
> {
  readonly service: string
  readonly hash: Buffer
  readonly scopes: readonly string[]
  /** `null` for a key that does not expire. */
  readonly lifetimeMs: number | null
}

/** Inserts a key. */
export function insertApiKey(key: InsertedApiKey): Statement {
  return {
    text: `
      insert into holdfast.api_keys
        (id, service, hash, start, kind, caller, tenant, name, scopes, lifetime_ms, expires_at)
      values
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::float8, now() + $10::float8 * interval '1 millisecond')
      returning ${columns}`,
    values: [
      key.id,
      key.service,
      key.hash,
      key.start,
      key.kind,
      key.caller,
      key.tenant,
      key.name,
      key.scopes,
      key.lifetimeMs,
    ],
  }
}

/** A valid or ended key, and whether it is valid now. */
export interface FoundKeyRow extends Pick<ApiKeyRow, 'id' | 'kind' | 'caller' | 'tenant' | 'scopes'> {
  readonly is_revoked: boolean
  readonly is_expired: boolean
}

/** Reads the key with the given hash. The database's clock decides if the key has expired. */
export function readApiKey(service: string, hash: Buffer): Statement {
  return {
    text: `
      select id, kind, caller, tenant, scopes,
        revoked_at is not null as is_revoked,
        expires_at is not null and expires_at <= now() as is_expired
      from holdfast.api_keys
      where hash = $2 and service = $1`,
    values: [service, hash],
  }
}

/** Identifies a key of a caller. */
export interface OwnedKey {
  readonly service: string
  readonly id: string
  readonly kind: string
  readonly caller: string
  readonly tenant: string | null
}

const isOwned = 'id = $1 and service = $2 and kind = $3 and caller = $4 and tenant is not distinct from $5'

/** Revokes a key. If it is already revoked, the time of revocation is kept. */
export function revokeApiKey({ id, service, kind, caller, tenant }: OwnedKey): Statement {
  return {
    text: `
      update holdfast.api_keys set revoked_at = coalesce(revoked_at, now())
      where ${isOwned}
      returning ${columns}`,
    values: [id, service, kind, caller, tenant],
  }
}

/** Reads a key. */
export function readOwnedKey({ id, service, kind, caller, tenant }: OwnedKey): Statement {
  return {
    text: `select ${columns} from holdfast.api_keys where ${isOwned}`,
    values: [id, service, kind, caller, tenant],
  }
}

/**
 * Makes a valid key expire after a time, unless it expires earlier. Returns no row if the key is
 * not valid.
 */
export function expireApiKey({ id, service, kind, caller, tenant }: OwnedKey, overlapMs: number): Statement {
  return {
    text: `
      update holdfast.api_keys
      set expires_at = least(expires_at, now() + $6::float8 * interval '1 millisecond')
      where ${isOwned} and revoked_at is null and (expires_at is null or expires_at > now())
      returning ${columns}`,
    values: [id, service, kind, caller, tenant, overlapMs],
  }
}

/** Records the use of keys. Writes each key at most once a minute. */
export function recordKeyUse(ids: readonly string[]): Statement {
  return {
    text: `
      update holdfast.api_keys set last_used_at = now()
      where id = any($1::uuid[])
        and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    values: [ids],
  }
}

/** The caller whose keys {@link apiKeyRows} selects. */
export interface ApiKeyFilters {
  readonly service: string
  readonly kind: string
  readonly caller: string
  readonly tenant: string | null
}

/** Returns a query that selects the keys of a caller, without ORDER BY. */
export function apiKeyRows({ service, kind, caller, tenant }: ApiKeyFilters): Sql {
  return sql`
    select ${raw(columns)} from holdfast.api_keys
    where service = ${service} and kind = ${kind} and caller = ${caller}
      and tenant is not distinct from ${tenant}::text`
}
