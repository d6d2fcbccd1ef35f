import { betweenMs } from '../../kernel/base/backoff.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { limitedWork, type Work } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { sqlStateOf } from '../../storage/postgres/errors/sql-state.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../storage/postgres/transaction/with-transaction.ts'
import { KeyRing, type RingRow, widthFor } from './key-ring.ts'
import { lockLeaf, readRing, renewSchemaEpoch, truncateLeaf, widenRing } from './queries/ring.ts'

/** Dependencies of {@link startRotation}. */
export interface Rotation {
  readonly pool: Pool
  readonly ring: KeyRing
  readonly clock: Clock
  readonly log: Logger
  /** Interval between two passes, in milliseconds. */
  readonly everyMs: number
}

const passTimeoutMs = 30_000
/**
 * Lock timeout of TRUNCATE, in milliseconds. While TRUNCATE waits for readers of a leaf, new
 * readers queue behind it.
 */
const lockTimeoutMs = 50

/** Widens the ring if the retention requires that, and reads its layout. */
export async function openKeyRing(pool: Pool, retentionMs: number): Promise<KeyRing> {
  const work = limitedWork(passTimeoutMs)
  const found = await withConnection(pool, work, readLayout)
  const widthMs = widthFor(retentionMs)
  if (found.width_ms >= widthMs) return new KeyRing(found)
  await transact(pool, { work, limitMs: passTimeoutMs }, async (transaction) => {
    await transaction.run(widenRing(widthMs))
    await transaction.run(renewSchemaEpoch())
  })
  return new KeyRing(await withConnection(pool, work, readLayout))
}

/** Reads the ring's layout again. */
export async function reloadKeyRing(ring: KeyRing, pool: Pool): Promise<void> {
  ring.update(await withConnection(pool, limitedWork(passTimeoutMs), readLayout))
}

/**
 * Starts a task that truncates the leaf of the next slot before the slot begins. Any number of
 * processes may run it. If the leaf is empty, the cost of a pass does not depend on the number of
 * keys.
 *
 * If a reader, such as a dump, locks a leaf for a whole slot, the only effect is that the leaf's
 * answers are kept for one more round of the ring.
 */
export function startRotation({ pool, ring, clock, log, everyMs }: Rotation): RecurringTask {
  return startRecurringTask({
    failure: 'truncating expired idempotency keys failed',
    clock,
    log,
    everyMs,
    // Spreads out the passes of processes that started together.
    firstAfterMs: betweenMs(0, everyMs),
    async work(stopping) {
      const work = limitedWork(passTimeoutMs, stopping)
      ring.update(await withConnection(pool, work, readLayout))
      const leaf = ring.expired()
      if (leaf !== undefined) await truncate(leaf, ring, { pool, work, log })
      return undefined
    },
  })
}

interface Truncation extends Pick<Rotation, 'pool' | 'log'> {
  readonly work: Work
}

async function truncate(leaf: number, ring: KeyRing, { pool, work, log }: Truncation): Promise<void> {
  try {
    const isTruncated = await transact(pool, { work, limitMs: passTimeoutMs }, async (transaction) => {
      const [row] = await transaction.run<{ is_used: boolean; width_ms: number }>(lockLeaf(leaf))
      // The expired leaf depends on the width, which may have changed.
      if (row?.is_used !== true || row.width_ms !== ring.widthMs) return false
      await transaction.run({ text: `SET LOCAL lock_timeout = ${lockTimeoutMs}` })
      await transaction.run(truncateLeaf(leaf))
      return true
    })
    if (isTruncated) log.info({ leaf }, 'expired idempotency keys truncated')
  } catch (error) {
    if (sqlStateOf(error) !== lockNotAvailable) throw error
    log.debug({ leaf }, 'expired idempotency keys not truncated, because the table is being read; will retry')
  }
}

const lockNotAvailable = '55P03'

async function readLayout(connection: Connection): Promise<RingRow> {
  const { rows } = await connection.run<RingRow>(readRing())
  return rows[0]!
}
