import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { findKeyRows } from './queries/find-keys.ts'
import type { StoredKey } from './stored-key.ts'

/** Options of {@link showKey}. */
export interface ShowKeyOptions {
  /**
   * The caller, as in {@link ListedKey.scope}. Required only if several callers have used the key.
   */
  readonly scope?: string
}

/**
 * Returns a key with its stored answer.
 *
 * @throws HoldfastError `key-unknown`, or `key-ambiguous` if several callers have used it.
 */
export async function showKey(
  client: StatementClient,
  key: string,
  { scope }: ShowKeyOptions = {},
): Promise<StoredKey> {
  const rows = await runStatement<StoredKey>(client, findKeyRows(key, scope ?? null))
  const [first, ...others] = rows
  if (first && others.length === 0) return first
  if (!first) {
    throw new HoldfastError(
      'key-unknown',
      `There is no answer to the key ${JSON.stringify(key)}: no call with it has committed, or it has been deleted after its retention. A call with it runs.`,
    )
  }
  const scopes = rows.map((row) => row.scope || '(nobody)').join(', ')
  throw new HoldfastError(
    'key-ambiguous',
    `Several callers have used the key ${JSON.stringify(key)}. Say whose is meant, as a scope, one of: ${scopes}.`,
  )
}
