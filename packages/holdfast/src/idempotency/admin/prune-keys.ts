import { type Duration, toMilliseconds } from '../../kernel/duration.ts'
import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { leafCount } from '../key-ring.ts'
import { countOldKeys } from './queries/count-old-keys.ts'
import { countPages, deleteOldKeys } from './queries/delete-old-keys.ts'

// Pages that one statement reads: about 100 MB on disk is a bounded wait, and few locks.
const pagesAtOnce = 2_000

/**
 * Deletes the keys that were answered longer ago than this, a range of pages at a time, and returns how
 * many there were. A call with a key that is gone runs, though it may have run before: delete none that a
 * client may still send again. Services delete what has outlived their `retention` by themselves.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function pruneKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const olderThanMs = toMilliseconds(olderThan)
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
 * Returns how many keys {@link pruneKeys} would delete.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function countPrunableKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const [row] = await runStatement<{ keys: number }>(client, countOldKeys(toMilliseconds(olderThan)))
  return row?.keys ?? 0
}
