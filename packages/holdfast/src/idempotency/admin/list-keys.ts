import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { listKeyRows } from './queries/list-keys.ts'
import type { ListedKey } from './stored-key.ts'

/** Which keys are listed. */
export interface ListKeysOptions {
  /** Those of one caller: {@link ListedKey.scope}. */
  readonly scope?: string
  readonly key?: string
  /** Those that were answered at this time or later. */
  readonly since?: Date
  /** Those that were answered before this time. */
  readonly until?: Date
  /** How many at most, 1 to 1,000. Default 50. */
  readonly limit?: number
}

const mostListed = 1_000

/**
 * Lists idempotency keys whose answers are kept, the last ones first.
 *
 * @throws HoldfastError `key-list-invalid` where the limit is none.
 */
export async function listKeys(
  client: StatementClient,
  { scope, key, since, until, limit = 50 }: ListKeysOptions = {},
): Promise<readonly ListedKey[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > mostListed) {
    throw new HoldfastError(
      'key-list-invalid',
      `Idempotency keys were asked for with the limit ${limit}; it has to be a whole number from 1 to ${mostListed}.`,
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
