import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../storage/postgres/transaction/with-transaction.ts'
import { chainRows, createHead, findUnchained, type HeadRow, lockHead } from './queries/chain.ts'
import { type ChainedRow, firstHash, hashOf, type TrailRow } from './trail-row.ts'

/*
 * The chain of a service's trail. If mutations extended it, they would wait for each other. So it
 * is extended after the commit:
 *
 *   mutation ─ row without position ─ COMMIT
 *   task ─ lock the head ─ read rows ─ write positions, hashes and the head ─ COMMIT
 *
 * Invariants:
 * - The positions of a service are 1, 2, 3, … without gaps. A transaction that assigns them holds
 *   the lock on the head, and stores them together with the new head.
 * - A row that is visible when another call begins precedes the row of that call, as long as the
 *   clock of the database does not go back.
 */

/** Max number of rows that one transaction chains. */
export const chainBatch = 500
const limitMs = 15_000

/** Adds a batch of committed rows to the chain of a service. Returns the number of rows. */
export async function chainTrail(pool: Pool, service: string, stopping: AbortSignal): Promise<number> {
  const work = limitedWork(limitMs, stopping)
  const found = await withConnection(pool, work, (connection) => connection.run(findUnchained(service, 1)))
  if (found.rows.length === 0) return 0
  return transact(pool, { work, limitMs }, async (transaction) => {
    let [head] = await transaction.run<HeadRow>(lockHead(service))
    if (!head) {
      await transaction.run(createHead(service))
      head = (await transaction.run<HeadRow>(lockHead(service)))[0]
    }
    // Another process extends the chain.
    if (!head) return 0
    // A separate statement, so that its snapshot includes the commit of the previous lock holder.
    const rows = await transaction.run<TrailRow>(findUnchained(service, chainBatch))
    if (rows.length > 0) await transaction.run(chainRows(service, chained(rows, head)))
    return rows.length
  })
}

function chained(rows: readonly TrailRow[], head: HeadRow): ChainedRow[] {
  let position = BigInt(head.position)
  let previous = position === 0n ? firstHash : head.hash
  return rows.map((row) => {
    position += 1n
    const place = { position: String(position), previous }
    previous = hashOf(row, place)
    return { ...row, position: place.position, hash: previous }
  })
}
