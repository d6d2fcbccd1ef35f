import type { EnqueuedJob, EnqueueManyOptions, EnqueueOptions, Jobs } from '../kernel/effects.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { JobType } from '../kernel/job-type.ts'
import { isTraceparent } from '../kernel/trace-context.ts'
import { traceparentOf } from '../kernel/work.ts'
import { type Gathering, PositionedRows } from '../postgres/gathered-rows.ts'
import type { Statement } from '../postgres/statement.ts'
import type { HandlerSession } from '../postgres/transaction-session.ts'
import { type JobRow, toJobRow } from './job-row.ts'
import { type CancelledRow, cancelJob } from './queries/cancel-job.ts'
import { findUniqueJob, insertJobs, insertUniqueJob } from './queries/insert-jobs.ts'
import { releasePlace } from './queries/release-place.ts'

/** Who is told when jobs have been committed. */
export interface JobsWaker {
  /** There is something to run. */
  wakeJobs(): void
  /** One that runs has been told to end. */
  wakeCancelled(): void
}

// Between an insertion that met a job of the same key and the search for it, that job may end.
const mostUniqueTries = 5

/**
 * The jobs of one transaction. What is enqueued is gathered, and inserted in the round trip of the commit; a unique one is inserted at
 * once, since only the database knows whether it is the first.
 */
export class TransactionJobs implements Jobs, Gathering {
  readonly #session: HandlerSession
  readonly #waker: JobsWaker
  readonly #rows: PositionedRows<JobRow>
  #isGathered = false
  #isWoken = false
  #hasCancelled = false

  constructor(session: HandlerSession, waker: JobsWaker) {
    this.#session = session
    this.#waker = waker
    this.#rows = new PositionedRows(session.gathered)
  }

  get length(): number {
    return this.#rows.rows.length
  }

  async enqueue<Input>(
    job: JobType<Input>,
    input: Input,
    options: EnqueueOptions = {},
  ): Promise<EnqueuedJob> {
    const made = toJobRow(job, input, this.#traced(options))
    if (options.unique !== undefined) return this.#insertUnique(await made, options.unique)
    // Where nothing has to be waited for, it is gathered before anybody can forget to wait.
    const row = made instanceof Promise ? await made : made
    this.#gather([row])
    return { id: row.id, isNew: true }
  }

  async enqueueMany<Input>(
    job: JobType<Input>,
    inputs: readonly Input[],
    options: EnqueueManyOptions = {},
  ): Promise<readonly string[]> {
    const traced = this.#traced(options)
    const made = inputs.map((input) => toJobRow(job, input, traced))
    const isLate = made.some((row) => row instanceof Promise)
    const rows = isLate ? await Promise.all(made.map(async (row) => row)) : (made as JobRow[])
    this.#gather(rows)
    return rows.map(({ id }) => id)
  }

  async cancel(id: string): Promise<boolean> {
    const [found] = await this.#run<CancelledRow>(cancelJob(id))
    if (!found) return false
    if (found.is_running) this.#hasCancelled = true
    if (found.freed_key !== null)
      for (const statement of releasePlace(found.name, found.freed_key)) await this.#run(statement)
    this.#register()
    this.#isWoken = true
    return true
  }

  forget(from: number, to: number): void {
    this.#rows.forget(from, to)
  }

  statements(): readonly Statement[] {
    return this.length > 0 ? [insertJobs(this.#rows.rows)] : []
  }

  committed(): void {
    if (this.length > 0 || this.#isWoken) this.#waker.wakeJobs()
    if (this.#hasCancelled) this.#waker.wakeCancelled()
  }

  /** With the trace of this transaction, unless they say another. */
  #traced(options: EnqueueOptions): EnqueueOptions {
    if (options.traceparent !== undefined && isTraceparent(options.traceparent)) return options
    return { ...options, traceparent: traceparentOf(this.#session.work) }
  }

  #gather(rows: readonly JobRow[]): void {
    if (this.#session.isOver) {
      throw new HoldfastError(
        'job-enqueued-late',
        'A job was enqueued after the handler of its transaction had ended. Await every enqueue within the handler.',
      )
    }
    this.#register()
    for (const row of rows) this.#rows.push(row)
  }

  #register(): void {
    if (!this.#isGathered) this.#session.gathered.add(this)
    this.#isGathered = true
  }

  async #insertUnique(row: JobRow, uniqueKey: string): Promise<EnqueuedJob> {
    for (let tries = 0; tries < mostUniqueTries; tries += 1) {
      const [inserted] = await this.#run<{ id: string }>(insertUniqueJob(row))
      if (inserted) {
        this.#register()
        this.#isWoken = true
        return { id: inserted.id, isNew: true }
      }
      const [found] = await this.#run<{ id: string }>(findUniqueJob(row.name, uniqueKey))
      if (found) return { id: found.id, isNew: false }
    }
    throw new HoldfastError(
      'job-unique-contended',
      `The job "${row.name}" with the unique key ${JSON.stringify(uniqueKey)} could neither be enqueued nor found: others of this key end faster than it can be looked for. Enqueue it again.`,
    )
  }

  async #run<Row extends object>({ text, values = [] }: Statement): Promise<Row[]> {
    const { rows } = await this.#session.query({ text, values: [...values] })
    return rows as Row[]
  }
}
