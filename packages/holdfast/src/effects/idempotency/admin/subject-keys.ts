import { runStatement } from '../../../storage/postgres/statement/statement-client.ts'
import type { SubjectSource } from '../../subjects/subject-source.ts'
import { leafCount } from '../key-ring.ts'
import { eraseKeyRows, findKeyIds, readKeyRows } from './queries/subject-keys.ts'

/**
 * Returns the sources of a subject's idempotency keys, one for each leaf of the ring. The row of an
 * erased key stays, without its answer and its name. A retry finds the row and does not run again,
 * so erasing a key never has to wait.
 */
export const keySources: readonly SubjectSource[] = Array.from({ length: leafCount }, (_, leaf) =>
  keySource(leaf),
)

function keySource(leaf: number): SubjectSource {
  return {
    kind: 'idempotency-key',
    async find(client, page) {
      const rows = await runStatement<{ id: string; keys: number }>(client, findKeyIds(leaf, page))
      return rows.map(({ id, keys }) => ({ id, name: '', held: null, contents: { keys } }))
    },
    read: (client, _, ids) => runStatement<object>(client, readKeyRows(leaf, ids)),
    async erase(client, of, { ids }) {
      const [row] = await runStatement<{ keys: number }>(client, eraseKeyRows(leaf, of, ids))
      return { keys: row!.keys }
    },
  }
}
