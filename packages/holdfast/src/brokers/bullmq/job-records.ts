import { batchCalls } from '../../effects/jobs/attempt/batch-calls.ts'
import {
  beginJobs,
  type BegunRow,
  type Failing,
  failJob,
  findOver,
  type Finish,
  finishJobs,
  type OverRow,
} from './queries/job-records.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'

const timeoutMs = 5_000

/**
 * Reads and writes the rows of jobs that BullMQ runs. Its statements do not run in the jobs'
 * transactions.
 */
export class JobRecords {
  readonly #pool: Pool
  /** Reads a job. Resolves to `undefined` if it has ended or is not in this database. */
  readonly begin: (id: string) => Promise<BegunRow | undefined>
  /** Ends a job that used no transaction. Resolves to false if it had already ended. */
  readonly finish: (finish: Finish) => Promise<boolean>

  constructor(pool: Pool) {
    this.#pool = pool
    this.begin = batchCalls(async (ids: readonly string[]) => {
      const rows = new Map((await this.#run<BegunRow>(beginJobs(ids))).map((row) => [row.id, row]))
      return ids.map((id) => rows.get(id))
    })
    this.finish = batchCalls(async (finishes: readonly Finish[]) => {
      const ids = new Set((await this.#run<{ id: string }>(finishJobs(finishes))).map(({ id }) => id))
      return finishes.map(({ id }) => ids.has(id))
    })
  }

  /** Stores a failed attempt. Resolves to false if the job had already ended. */
  async fail(failing: Failing): Promise<boolean> {
    return (await this.#run(failJob(failing))).length > 0
  }

  /** Returns the given jobs that have ended. */
  findOver(ids: readonly string[]): Promise<readonly OverRow[]> {
    return this.#run(findOver(ids))
  }

  async #run<Row extends object>(statement: Statement): Promise<Row[]> {
    const work = limitedWork(timeoutMs)
    return withConnection(this.#pool, work, async (connection) => (await connection.run<Row>(statement)).rows)
  }
}
