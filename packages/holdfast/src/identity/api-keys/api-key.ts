import type { Caller } from '../../kernel/operation/caller.ts'
import type { ApiKeyRow } from './queries/api-keys.ts'

/** The caller that an API key identifies. */
export interface ApiKeyCaller extends Caller {
  readonly id: string
}

/** An API key, without the key itself. */
export interface ApiKey {
  /** A UUID. */
  readonly id: string
  readonly name: string
  /** The first characters of the key, to recognize it: `hf_live_x7Pq`. */
  readonly start: string
  /** The scopes that the key grants. */
  readonly scopes: string[]
  /** In ISO 8601. */
  readonly createdAt: string
  /** In ISO 8601; `null` if the key does not expire. */
  readonly expiresAt: string | null
  /** In ISO 8601; `null` if the key is not revoked. */
  readonly revokedAt: string | null
  /** In ISO 8601, up to a minute late; `null` if the key has not been used. */
  readonly lastUsedAt: string | null
}

/** A new API key. */
export interface NewApiKey extends ApiKey {
  /** The key: `hf_live_…`. It is not stored, so no other function can return it. */
  readonly key: string
}

/** Converts a row to an API key. */
export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    start: row.start,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  }
}
