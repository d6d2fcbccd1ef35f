import type { Clock, Timer } from '../../kernel/base/clock.ts'
import { type Logger, toLogFields } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { UseRecord } from '../../kernel/host/use-record.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import { withConnection } from '../postgres/pool/with-connection.ts'

/** Dependencies of {@link UseRecorder}. */
export interface UseRecorderParts {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
}

// Min interval between two writes of a row by one process, regardless of how many calls use the
// row.
const everyMs = 10_000
const limitMs = 5_000
// A statement with this many ids takes about 100 ms. Uses beyond this number are not recorded.
const maxIds = 10_000

/**
 * Records the last use of rows in batches, so that calls do not wait for it. A killed process loses
 * the uses of the last 10 seconds.
 */
export class UseRecorder {
  readonly #parts: UseRecorderParts
  #used = new Map<UseRecord, Set<string>>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: UseRecorderParts) {
    this.#parts = parts
  }

  /** Records that a row is used now. Returns at once. */
  record(record: UseRecord, id: string): void {
    if (this.#isClosed) return
    const ids = this.#used.get(record) ?? new Set()
    if (ids.size >= maxIds) return
    this.#used.set(record, ids.add(id))
    this.#timer ??= this.#parts.clock.after(everyMs, () => this.#begin())
  }

  /** Writes what has been recorded, and stops. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#begin()
    return this.#writing
  }

  #begin(): void {
    const used = this.#used
    this.#used = new Map()
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write(used))
  }

  async #write(used: ReadonlyMap<UseRecord, ReadonlySet<string>>): Promise<void> {
    const { pool, log } = this.#parts
    for (const [record, ids] of used) {
      try {
        await withConnection(pool, limitedWork(limitMs), (connection) =>
          connection.run(record.statement([...ids])),
        )
      } catch (error) {
        log.warn({ error: toLogFields(error), count: ids.size }, 'recording the last use of rows failed')
      }
    }
  }
}
