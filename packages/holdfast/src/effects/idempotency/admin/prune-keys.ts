import { type Duration, toMilliseconds } from '../../../kernel/base/duration.ts'
import { runStatement, type StatementClient } from '../../../storage/postgres/statement/statement-client.ts'
import { leafCount } from '../key-ring.ts'
import { countOldKeys } from './queries/count-old-keys.ts'
import { countPages, deleteOldKeys } from './queries/delete-old-keys.ts'

// Number of pages that one statement reads. That is 16 MB of the table, so each statement is short.
const pagesAtOnce = 2_000

/**
 * Deletes keys whose answers are older than `olderThan`. Each statement deletes from one range of
 * pages. Returns the number of deleted keys. A retry with a deleted key runs again, so keep keys
 * that clients may still send again. Services delete keys older than their `retention` themselves.
 *
 * @throws HoldfastError `duration-invalid`.
 *
 * @example
 * ```ts
 * await pruneKeys(pool, '30d')
 * ```
 */
export async function pruneKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const olderThanMs = toMilliseconds(olderThan, { option: 'olderThan' })
  let deleted = 0
  for (let leaf = 0; leaf < leafCount; leaf += 1) {
    const [size] = await runStatement<{ pages: number }>(client, countPages(leaf))
    for (let page = 0; page < size!.pages; page += pagesAtOnce) {
      const { text, values } = deleteOldKeys(leaf, { olderThanMs, from: page, to: page + pagesAtOnce })
      const { rowCount } = await client.query(text, values)
      deleted += rowCount ?? 0
    }
  }
  return deleted
}

/**
 * Returns the number of keys that {@link pruneKeys} would delete.
 *
 * @throws HoldfastError `duration-invalid`.
 *
 * @example
 * ```ts
 * const count = await countPrunableKeys(pool, '30d')
 * ```
 */
export async function countPrunableKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const [row] = await runStatement<{ keys: number }>(
    client,
    countOldKeys(toMilliseconds(olderThan, { option: 'olderThan' })),
  )
  return row?.keys ?? 0
}
