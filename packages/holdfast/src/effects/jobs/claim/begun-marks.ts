import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { batchCalls } from '../attempt/batch-calls.ts'
import { claimKey, type ClaimOf } from './claim-of.ts'
import { markBegun } from '../queries/claim.ts'

// Marks attempts as started. If a worker crashes, only marked attempts count against the max number
// of attempts of their jobs.
//
// - The last attempt of a job is marked before its handler runs. If a worker dies while it holds a
//   claim, the job's next attempt is marked in the same way. In both cases, the handler waits for
//   the mark. So a job with one attempt never runs twice, and a job with n attempts can kill at
//   most n + 1 processes.
// - Other jobs are marked once they have run for a while, many in one statement. Shorter jobs need
//   no statement.

/** Time after which a running attempt is marked, in milliseconds. */
const markAfterMs = 100
const limitMs = 5_000

interface Unmarked {
  readonly claim: ClaimOf
  readonly sinceMs: number
}

/** Marks the attempts of a process as started. */
export class BegunMarks {
  readonly #pool: Pool
  readonly #log: Logger
  readonly #unmarked = new Map<string, Unmarked>()
  #timer: NodeJS.Timeout | undefined

  /** Marks an attempt. Resolves to `false` if this claim no longer holds the job. */
  readonly now: (claim: ClaimOf) => Promise<boolean> = batchCalls((claims) => this.#write(claims))

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool
    this.#log = log
  }

  /** Marks an attempt once it has run for a while. */
  later(claim: ClaimOf): void {
    this.#unmarked.set(claimKey(claim), { claim, sinceMs: performance.now() })
    this.#timer ??= setTimeout(() => void this.#markLate(), markAfterMs).unref()
  }

  /** Removes an ended attempt. */
  ended(claim: ClaimOf): void {
    this.#unmarked.delete(claimKey(claim))
  }

  /** Stops marking. */
  close(): void {
    clearTimeout(this.#timer)
    this.#unmarked.clear()
  }

  async #markLate(): Promise<void> {
    const untilMs = performance.now() - markAfterMs
    const due = [...this.#unmarked].filter(([, { sinceMs }]) => sinceMs <= untilMs)
    try {
      if (due.length > 0) await this.#write(due.map(([, { claim }]) => claim))
      for (const [key] of due) this.#unmarked.delete(key)
    } catch (error) {
      this.#log.debug({ error: toLogFields(error) }, 'could not mark running jobs as started; will retry')
    }
    this.#timer = undefined
    if (this.#unmarked.size > 0) this.#timer = setTimeout(() => void this.#markLate(), markAfterMs).unref()
  }

  /** Returns which of the claims still hold their jobs. */
  async #write(claims: readonly ClaimOf[]): Promise<readonly boolean[]> {
    const { rows } = await withConnection(this.#pool, limitedWork(limitMs), (connection) =>
      connection.run<ClaimOf>(markBegun(claims)),
    )
    const marked = new Set(rows.map(claimKey))
    return claims.map((claim) => marked.has(claimKey(claim)))
  }
}
