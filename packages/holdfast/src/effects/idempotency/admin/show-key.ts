import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { findKeyRows } from './queries/find-keys.ts'
import type { StoredKey } from './stored-key.ts'

/** Options of {@link showKey}. */
export interface ShowKeyOptions {
  /**
   * The caller that has used the key, in the form of {@link ListedKey.scope}. Required if several
   * callers have used the same key. Default: the only caller.
   */
  readonly scope?: string
}

/**
 * Returns a key with its stored answer.
 *
 * @throws HoldfastError `key-unknown`, or `key-ambiguous` if several callers have used it.
 *
 * @example
 * ```ts no-run
 * const { status, body } = await showKey(pool, 'order-7')
 * ```
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
      `No stored answer for key ${JSON.stringify(key)}: no call with this key has committed, or the answer was deleted after its retention time. A call with this key would run.`,
    )
  }
  const scopes = rows.map((row) => row.scope || '(no caller)').join(', ')
  throw new HoldfastError(
    'key-ambiguous',
    `Several callers used the key ${JSON.stringify(key)}. Pass one of these scopes: ${scopes}.`,
  )
}
