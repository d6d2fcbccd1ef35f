import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { checkLimit, defaultListed } from '../../../storage/postgres/statement/list-limit.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { listKeyRows } from './queries/list-keys.ts'
import type { ListedKey } from './stored-key.ts'

/** Filters and page size of {@link listKeys}. */
export interface ListKeysOptions {
  /** Only keys of this caller, in the form of {@link ListedKey.scope}. Default: all callers. */
  readonly scope?: string
  /** Only this key. Default: all keys. */
  readonly key?: string
  /** Only keys answered at this time or later. Default: all. */
  readonly since?: Date
  /** Only keys answered before this time. Default: all. */
  readonly until?: Date
  /** Max number of keys, 1 to 1,000. Default 50. */
  readonly limit?: number
}

/**
 * Lists idempotency keys with a stored answer, newest first.
 *
 * @throws HoldfastError `key-list-invalid` if the limit is invalid.
 *
 * @example
 * ```ts
 * const keys = await listKeys(pool, { since: new Date('2026-01-01'), limit: 10 })
 * ```
 */
export async function listKeys(
  client: StatementClient,
  options: ListKeysOptions = {},
): Promise<readonly ListedKey[]> {
  const { scope = null, key = null, since = null, until = null, limit = defaultListed } = options
  checkLimit(limit, listInvalid)
  return runStatement<ListedKey>(client, listKeyRows({ scope, key, since, until, limit }))
}

function listInvalid(what: string, wanted: string): HoldfastError {
  return new HoldfastError(
    'key-list-invalid',
    `Idempotency keys were requested with ${what}; it must be ${wanted}.`,
  )
}
