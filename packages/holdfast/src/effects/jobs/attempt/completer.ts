import { fullJitterMs } from '../../../kernel/base/backoff.ts'
import { systemClock } from '../../../kernel/base/clock.ts'
import { pause } from '../../../kernel/base/wait.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { claimKey, type ClaimOf } from '../claim/claim-of.ts'
import { completeJobs, type Completion } from '../queries/finish.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'

const maxBatch = 500
const limitMs = 5_000
const pauses = { firstMs: 100, maxMs: 5_000 }

interface Pending extends Completion {
  readonly resolve: (isOwn: boolean) => void
}

/**
 * Completes jobs that used no transaction. All jobs that end while a statement runs share the next
 * one.
 */
export class Completer {
  readonly #pool: Pool
  readonly #log: Logger
  readonly #closing: AbortSignal
  #pending: Pending[] = []
  #isRunning = false

  /** @param closing When aborted, completions that cannot be stored are dropped. */
  constructor(pool: Pool, log: Logger, closing: AbortSignal) {
    this.#pool = pool
    this.#log = log
    this.#closing = closing
  }

  /** Resolves when the completion is stored; to `false` if this claim no longer holds the job. */
  complete(completion: Completion): Promise<boolean> {
    return new Promise((resolve) => {
      this.#pending.push({ ...completion, resolve })
      if (this.#isRunning) return
      this.#isRunning = true
      // Jobs that end in the same tick share a statement.
      setImmediate(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, maxBatch)
      const completed = await this.#write(batch)
      for (const one of batch) one.resolve(completed.has(claimKey(one)))
    }
    this.#isRunning = false
  }

  /**
   * Returns the keys of the claims that were completed. Repeats the statement until it succeeds,
   * since no other worker rescues these jobs while this one lives.
   */
  async #write(batch: readonly Completion[]): Promise<ReadonlySet<string>> {
    for (let attempts = 1; !this.#closing.aborted; attempts += 1) {
      try {
        const { rows } = await withConnection(
          this.#pool,
          systemWork(AbortSignal.timeout(limitMs)),
          (connection) => connection.run<ClaimOf>(completeJobs(batch)),
        )
        return new Set(rows.map(claimKey))
      } catch (error) {
        this.#log.warn(
          { error: toLogFields(error), jobs: batch.length },
          'completing jobs failed; will retry',
        )
        await pause(fullJitterMs(pauses, attempts), { clock: systemClock })
      }
    }
    return new Set()
  }
}
