import { setTimeout as sleep } from 'node:timers/promises'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { completeJobs, type Completion } from './queries/complete-jobs.ts'
import { withConnection } from '../postgres/with-connection.ts'

const mostAtOnce = 500
const patienceMs = 5_000
const firstPauseMs = 100
const longestPauseMs = 5_000

interface Pending extends Completion {
  readonly tell: (isOwn: boolean) => void
}

/** Completes jobs that have used no transaction: all that were done while the last ones were being completed, in one statement. */
export class Completer {
  readonly #pool: Pool
  readonly #log: Logger
  readonly #closing: AbortSignal
  #pending: Pending[] = []
  #isRunning = false

  /** `closing`: from then on it gives up what cannot be written. */
  constructor(pool: Pool, log: Logger, closing: AbortSignal) {
    this.#pool = pool
    this.#log = log
    this.#closing = closing
  }

  /** Resolves when it is written down: whether the job was still its attempt's own. */
  complete(completion: Completion): Promise<boolean> {
    return new Promise((tell) => {
      this.#pending.push({ ...completion, tell })
      if (this.#isRunning) return
      this.#isRunning = true
      // Those that are done in the same turn go together.
      setImmediate(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, mostAtOnce)
      const completed = await this.#write(batch)
      for (const { id, tell } of batch) tell(completed.has(id))
    }
    this.#isRunning = false
  }

  /** The ids of those that were completed. Nobody else takes them while this worker lives, so it is tried until it is done. */
  async #write(batch: readonly Completion[]): Promise<ReadonlySet<string>> {
    for (let tries = 0; !this.#closing.aborted; tries += 1) {
      try {
        const { rows } = await withConnection(
          this.#pool,
          ownWork(AbortSignal.timeout(patienceMs)),
          (connection) => connection.run<{ id: string }>(completeJobs(batch)),
        )
        return new Set(rows.map(({ id }) => id))
      } catch (error) {
        this.#log.warn({ error: toLogFields(error), jobs: batch.length }, 'jobs could not be completed yet')
        await sleep(Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** tries), undefined, {
          ref: false,
        })
      }
    }
    return new Set()
  }
}
