import { type Duration, toMilliseconds } from '../../kernel/duration.ts'
import { pruneKeys as pruneBatch } from '../queries/prune-keys.ts'
import { type AdminClient, run } from './admin-client.ts'
import { countOldKeys } from './queries/count-old-keys.ts'

const batch = 1_000

/**
 * Deletes the keys that were answered longer ago than this, in batches, and gives how many there were. A call with a key that is gone runs, though it may
 * have run before: delete none that a client may still send again. Services delete what has outlived their `retention` by themselves.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function pruneKeys(client: AdminClient, olderThan: Duration): Promise<number> {
  const retentionMs = toMilliseconds(olderThan)
  let deleted = 0
  for (;;) {
    const { rowCount } = await run(client, pruneBatch(retentionMs, batch))
    deleted += rowCount
    if (rowCount < batch) return deleted
  }
}

/**
 * How many keys {@link pruneKeys} would delete.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function countPrunableKeys(client: AdminClient, olderThan: Duration): Promise<number> {
  const { rows } = await run<{ keys: number }>(client, countOldKeys(toMilliseconds(olderThan)))
  return rows[0]?.keys ?? 0
}
