import { fullJitterMs } from '../../../kernel/base/backoff.ts'
import { systemClock } from '../../../kernel/base/clock.ts'
import { pause } from '../../../kernel/base/wait.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { batchCalls } from './batch-calls.ts'
import { claimKey, type ClaimOf } from '../claim/claim-of.ts'
import { completeJobs, type Completion } from '../queries/finish.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'

const limitMs = 5_000
const pauses = { firstMs: 100, maxMs: 5_000 }

/**
 * Completes jobs that used no transaction. Jobs that end while a statement runs are completed
 * together by the next statement.
 */
export class Completer {
  readonly #pool: Pool
  readonly #log: Logger
  readonly #closing: AbortSignal

  /** Stores a completion. Resolves to `false` if this claim no longer holds the job. */
  readonly complete: (completion: Completion) => Promise<boolean> = batchCalls((batch) => this.#write(batch))

  /** @param closing On abort, completions that could not be stored are dropped. */
  constructor(pool: Pool, log: Logger, closing: AbortSignal) {
    this.#pool = pool
    this.#log = log
    this.#closing = closing
  }

  /**
   * Completes jobs, and returns whether this worker still held each job. Repeats the statement
   * until it succeeds, since no other worker rescues these jobs while this worker lives.
   */
  async #write(batch: readonly Completion[]): Promise<readonly boolean[]> {
    for (let attempts = 1; !this.#closing.aborted; attempts += 1) {
      try {
        const { rows } = await withConnection(this.#pool, limitedWork(limitMs), (connection) =>
          connection.run<ClaimOf>(completeJobs(batch)),
        )
        const completed = new Set(rows.map(claimKey))
        return batch.map((completion) => completed.has(claimKey(completion)))
      } catch (error) {
        this.#log.warn(
          { error: toLogFields(error), jobs: batch.length },
          'completing jobs failed; will retry',
        )
        await pause(fullJitterMs(pauses, attempts), { clock: systemClock })
      }
    }
    return batch.map(() => false)
  }
}
