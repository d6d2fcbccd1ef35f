import type { Clock } from '../../../kernel/base/clock.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { sqlStateOf } from '../../../storage/postgres/errors/sql-state.ts'
import { claimKey, type ClaimOf } from '../claim/claim-of.ts'
import { storeProgress } from '../queries/claim.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'

const pauseMs = 1_000
const timeoutMs = 5_000

interface ProgressReport extends ClaimOf {
  readonly value: string
}

/** Stores the progress of jobs: about once a second, the latest value of each job. */
export class ProgressKeeper {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #log: Logger
  #reports = new Map<string, ProgressReport>()
  #isDue = false

  constructor(pool: Pool, clock: Clock, log: Logger) {
    this.#pool = pool
    this.#clock = clock
    this.#log = log
  }

  keep(reported: ProgressReport): void {
    this.#reports.set(claimKey(reported), reported)
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.after(pauseMs, () => {
      this.#isDue = false
      this.flush().catch((error: unknown) =>
        this.#log.debug({ error: toLogFields(error) }, 'could not store the progress of jobs'),
      )
    })
  }

  /** Stores the reported values. */
  async flush(): Promise<void> {
    const reported = [...this.#reports.values()]
    if (reported.length === 0) return
    this.#reports = new Map()
    await withConnection(this.#pool, limitedWork(timeoutMs), async (connection) => {
      for (const one of reported) {
        await connection.run(storeProgress(one, one.value)).catch((error: unknown) => {
          // A value that Postgres cannot store, such as text with U+0000, must not prevent the
          // other values from being stored.
          if (sqlStateOf(error) === undefined) throw error
          this.#log.debug(
            { error: toLogFields(error), jobId: one.id },
            'could not store the progress of a job',
          )
        })
      }
    })
  }
}
