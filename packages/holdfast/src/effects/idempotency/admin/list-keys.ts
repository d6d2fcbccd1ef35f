import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { listKeyRows } from './queries/list-keys.ts'
import type { ListedKey } from './stored-key.ts'

/** Filters and page size of {@link listKeys}. */
export interface ListKeysOptions {
  /** Only keys of this caller, as in {@link ListedKey.scope}. */
  readonly scope?: string
  readonly key?: string
  /** Only keys answered at this time or later. */
  readonly since?: Date
  /** Only keys answered before this time. */
  readonly until?: Date
  /** Maximum number of keys, 1 to 1,000. Default 50. */
  readonly limit?: number
}

const maxListed = 1_000

/**
 * Lists idempotency keys with a stored answer, newest first.
 *
 * @throws HoldfastError `key-list-invalid` if the limit is invalid.
 */
export async function listKeys(
  client: StatementClient,
  { scope, key, since, until, limit = 50 }: ListKeysOptions = {},
): Promise<readonly ListedKey[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListed) {
    throw new HoldfastError(
      'key-list-invalid',
      `The limit ${limit} of a list of idempotency keys must be an integer from 1 to ${maxListed}.`,
    )
  }
  const filters = {
    scope: scope ?? null,
    key: key ?? null,
    since: since ?? null,
    until: until ?? null,
    limit,
  }
  return runStatement<ListedKey>(client, listKeyRows(filters))
}
