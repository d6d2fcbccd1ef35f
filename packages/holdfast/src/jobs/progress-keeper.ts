import type { Clock } from '../kernel/clock.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import { sqlStateOf } from '../postgres/sql-state.ts'
import { storeProgress } from './queries/store-progress.ts'
import { withConnection } from '../postgres/with-connection.ts'

const pauseMs = 1_000
const patienceMs = 5_000

interface Told {
  readonly id: string
  readonly attempt: number
  readonly value: string
}

/** Writes down how far jobs are: the last that each has told, about once a second. */
export class ProgressKeeper {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #log: Logger
  #told = new Map<string, Told>()
  #isDue = false

  constructor(pool: Pool, clock: Clock, log: Logger) {
    this.#pool = pool
    this.#clock = clock
    this.#log = log
  }

  keep(told: Told): void {
    this.#told.set(told.id, told)
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.after(pauseMs, () => {
      this.#isDue = false
      this.flush().catch((error: unknown) =>
        this.#log.debug({ error: toLogFields(error) }, 'the progress of jobs could not be written down'),
      )
    })
  }

  /** Writes down what there is. */
  async flush(): Promise<void> {
    const told = [...this.#told.values()]
    if (told.length === 0) return
    this.#told = new Map()
    await withConnection(this.#pool, ownWork(AbortSignal.timeout(patienceMs)), async (connection) => {
      for (const { id, attempt, value } of told) {
        await connection.run(storeProgress(id, attempt, value)).catch((error: unknown) => {
          // What Postgres has no place for, such as U+0000, is not to keep the progress of others from being written.
          if (sqlStateOf(error) === undefined) throw error
          this.#log.debug(
            { error: toLogFields(error), jobId: id },
            'the progress of a job could not be written down',
          )
        })
      }
    })
  }
}
