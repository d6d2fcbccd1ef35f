import type { Clock, Timer } from '../kernel/clock.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { pruneKeys } from './queries/prune-keys.ts'

/** What the pruning of old answers is done with. */
export interface Pruning {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** How long final answers are kept, in milliseconds. */
  readonly retentionMs: number
  /** How often it looks, in milliseconds. */
  readonly everyMs: number
}

/** A duty that goes on until it is stopped. */
export interface Duty {
  /** Begins no more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

const batch = 1_000

/** Deletes the answers that have outlived the retention, in batches, again and again. Any number of processes may do it at once. */
export function startPruning({ pool, clock, log, retentionMs, everyMs }: Pruning): Duty {
  const stopping = new AbortController()
  let timer: Timer
  let work = Promise.resolve()

  function schedule(ms: number): void {
    timer = clock.after(ms, () => {
      work = prune().finally(() => {
        if (!stopping.signal.aborted) schedule(everyMs)
      })
    })
  }

  async function prune(): Promise<void> {
    try {
      let deleted: number
      do deleted = await pruneBatch()
      while (deleted === batch && !stopping.signal.aborted)
    } catch (error) {
      if (!stopping.signal.aborted)
        log.warn({ error: toLogFields(error) }, 'old idempotency keys could not be pruned')
    }
  }

  async function pruneBatch(): Promise<number> {
    const connection = await pool.acquire(ownWork(stopping.signal))
    try {
      const result = await connection.run(pruneKeys(retentionMs, batch))
      return result.rowCount ?? 0
    } finally {
      connection.release()
    }
  }

  // The processes of a fleet start together; they need not prune together.
  schedule(Math.random() * everyMs)
  return {
    async stop() {
      stopping.abort()
      timer.cancel()
      await work
    },
  }
}
