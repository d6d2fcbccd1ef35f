import type { Clock } from '../../kernel/base/clock.ts'
import { type Duty, startDuty } from '../../kernel/base/duty.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { ownWork } from '../../kernel/host/work.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { sqlStateOf } from '../../storage/postgres/errors/sql-state.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
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
 * Lock timeout of TRUNCATE, in milliseconds. While it waits for readers of a leaf, new readers
 * queue behind it.
 */
const lockTimeoutMs = 50

/** Reads the layout of the ring, and widens it first if the retention requires that. */
export async function openKeyRing(pool: Pool, retentionMs: number): Promise<KeyRing> {
  const row = await withConnection(pool, ringWork(), async (connection) => {
    const found = await readLayout(connection)
    const widthMs = widthFor(retentionMs)
    if (found.width_ms >= widthMs) return found
    await connection.run({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' })
    await connection.run(widenRing(widthMs))
    await connection.run(renewSchemaEpoch())
    await connection.run({ text: 'COMMIT' })
    return readLayout(connection)
  })
  return new KeyRing(row)
}

/** Reads the layout of the ring again. */
export async function reloadKeyRing(ring: KeyRing, pool: Pool): Promise<void> {
  ring.update(await withConnection(pool, ringWork(), readLayout))
}

/**
 * Starts to truncate the leaf of the next slot, before the slot begins. Any number of processes may
 * do so. If the leaf is empty, the cost of a pass does not depend on the number of keys.
 *
 * If a reader, for example a dump, locks a leaf for a whole slot, its answers are kept for one more
 * round of the ring. Nothing else changes.
 */
export function startRotation({ pool, ring, clock, log, everyMs }: Rotation): Duty {
  return startDuty({
    failure: 'truncating expired idempotency keys failed',
    clock,
    log,
    everyMs,
    // Spreads out the passes of processes that start at the same time.
    firstAfterMs: Math.random() * everyMs,
    async work(stopping) {
      const work = ownWork(AbortSignal.any([stopping, AbortSignal.timeout(passTimeoutMs)]))
      await withConnection(pool, work, async (connection) => {
        ring.update(await readLayout(connection))
        await truncateExpired(connection, ring, log)
      })
      return undefined
    },
  })
}

async function truncateExpired(connection: Connection, ring: KeyRing, log: Logger): Promise<void> {
  const leaf = ring.expired()
  if (leaf === undefined) return
  await connection.run({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' })
  const { rows } = await connection.run<{ is_used: boolean; width_ms: number }>(lockLeaf(leaf))
  // With another width, another leaf has expired.
  if (rows[0]?.is_used === true && rows[0].width_ms === ring.widthMs) {
    await connection.run({ text: `SET LOCAL lock_timeout = ${lockTimeoutMs}` })
    await truncate(connection, leaf, log)
  }
  await connection.run({ text: 'COMMIT' })
}

async function truncate(connection: Connection, leaf: number, log: Logger): Promise<void> {
  try {
    await connection.run(truncateLeaf(leaf))
    log.info({ leaf }, 'expired idempotency keys truncated')
  } catch (error) {
    if (sqlStateOf(error) !== lockNotAvailable) throw error
    log.debug({ leaf }, 'truncating expired idempotency keys postponed: the table is being read')
  }
}

const lockNotAvailable = '55P03'

async function readLayout(connection: Connection): Promise<RingRow> {
  const { rows } = await connection.run<RingRow>(readRing())
  return rows[0]!
}

function ringWork(): ReturnType<typeof ownWork> {
  return ownWork(AbortSignal.timeout(passTimeoutMs))
}
