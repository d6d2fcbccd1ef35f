import { type Duration, toMilliseconds } from '../../kernel/duration.ts'
import { runStatement, type StatementClient } from '../../postgres/statement-client.ts'
import { pruneKeys as pruneBatch } from '../queries/prune-keys.ts'
import { countOldKeys } from './queries/count-old-keys.ts'

const batch = 1_000

/**
 * Deletes the keys that were answered longer ago than this, in batches, and gives how many there were. A call with a key that is gone runs, though it may
 * have run before: delete none that a client may still send again. Services delete what has outlived their `retention` by themselves.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function pruneKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const retentionMs = toMilliseconds(olderThan)
  const { text, values = [] } = pruneBatch(retentionMs, batch)
  let deleted = 0
  for (;;) {
    const { rowCount } = await client.query(text, [...values])
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < batch) return deleted
  }
}

/**
 * How many keys {@link pruneKeys} would delete.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export async function countPrunableKeys(client: StatementClient, olderThan: Duration): Promise<number> {
  const [row] = await runStatement<{ keys: number }>(client, countOldKeys(toMilliseconds(olderThan)))
  return row?.keys ?? 0
}
