import type {
  EnqueuedJob,
  EnqueueManyOptions,
  EnqueueOptions,
  Jobs,
} from '../../../kernel/background/effects.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { JobType } from '../../../kernel/background/job-type.ts'
import { isTraceparent } from '../../../kernel/telemetry/trace-context.ts'
import { traceparentOf } from '../../../kernel/host/work.ts'
import { RowGathering } from '../../../storage/postgres/transaction/row-gathering.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { HandlerSession } from '../../../storage/postgres/transaction/handler-session.ts'
import { insertSubjects } from '../../subjects/queries/insert-subjects.ts'
import { announceJobs } from './announce-jobs.ts'
import { type JobRow, toJobRow } from './job-row.ts'
import { type CancelledRow, cancelJob } from '../queries/finish.ts'
import { findRunningUniqueJob, insertJobs, insertUniqueJob, lockUniqueJob } from '../queries/enqueue.ts'
import { releaseSlot } from '../queries/limits.ts'
import type { WakeSender } from '../../wakes/wake.ts'
import { allOf } from '../../../kernel/base/thenable.ts'

/** Dependencies of {@link TransactionJobs}. */
export interface TransactionJobsParts {
  /** Name of the service that owns the jobs. */
  readonly service: string
  readonly waker: WakeSender
}

// Max number of attempts to enqueue a unique job. An attempt fails if the other job starts or ends
// between the conflicting insert and the lookup.
const maxUniqueAttempts = 5

/**
 * The jobs of one transaction. They are collected and sent with the commit. A unique job is
 * inserted immediately, since only the database knows whether its key is free.
 */
export class TransactionJobs extends RowGathering<JobRow> implements Jobs {
  readonly #service: string
  readonly #waker: WakeSender
  /** Unique jobs inserted or found before the commit. */
  readonly #unique: JobRow[] = []
  /** The workers to wake after the commit. They may belong to other services. */
  readonly #wakes: {
    readonly kind: 'jobs' | 'returned' | 'cancelled'
    readonly name: string
    readonly service: string
  }[] = []

  constructor(session: HandlerSession, { service, waker }: TransactionJobsParts) {
    super(session)
    this.#service = service
    this.#waker = waker
  }

  async enqueue<Input>(
    job: JobType<Input>,
    input: Input,
    options: EnqueueOptions = {},
  ): Promise<EnqueuedJob> {
    const made = toJobRow(job, input, this.#traced(options))
    if (options.unique !== undefined) return this.#insertUnique(await made)
    // A row that is ready is collected synchronously, so the job is enqueued even if the caller
    // forgets to await.
    const row = made instanceof Promise ? await made : made
    this.gather([row], enqueuedLate)
    return { id: row.id, isNew: true }
  }

  async enqueueMany<Input>(
    job: JobType<Input>,
    inputs: readonly Input[],
    options: EnqueueManyOptions = {},
  ): Promise<readonly string[]> {
    const traced = this.#traced(options)
    const made = allOf(inputs.map((input) => toJobRow(job, input, traced)))
    const rows = made instanceof Promise ? await made : made
    this.gather(rows, enqueuedLate)
    return rows.map(({ id }) => id)
  }

  async cancel(id: string): Promise<boolean> {
    const [found] = await this.#run<CancelledRow>(cancelJob(id))
    if (!found) return false
    const { name, service } = found
    if (found.is_running) this.#wakes.push({ kind: 'cancelled', name, service })
    if (found.freed_key !== null) {
      for (const statement of releaseSlot({ ...found, key: found.freed_key })) await this.#run(statement)
      this.#wakes.push({ kind: 'jobs', name, service })
    }
    this.register()
    return true
  }

  statements(): readonly Statement[] {
    return this.length > 0 ? insertJobs(this.#service, this.rows) : []
  }

  committed(): void {
    announceJobs(this.rows, this.#waker)
    announceJobs(this.#unique, this.#waker)
    for (const { kind, name, service } of this.#wakes) this.#waker.send(kind, [name], service)
  }

  /** Adds the trace of this transaction, unless the options contain a valid trace. */
  #traced(options: EnqueueOptions): EnqueueOptions {
    if (options.traceparent !== undefined && isTraceparent(options.traceparent)) return options
    return { ...options, traceparent: traceparentOf(this.session.work) }
  }

  async #insertUnique(row: JobRow): Promise<EnqueuedJob> {
    const unique = { service: this.#service, name: row.name, key: row.uniqueKey!, tenant: row.tenant }
    for (let attempts = 0; attempts < maxUniqueAttempts; attempts += 1) {
      const [inserted] = await this.#run<{ id: string }>(insertUniqueJob(this.#service, row))
      if (inserted) {
        for (const statement of insertSubjects(this.#service, 'job', [row])) await this.#run(statement)
        return this.#wakeAfterCommit(row, { id: inserted.id, isNew: true })
      }
      const [waiting] = await this.#run<{ id: string }>(lockUniqueJob(unique))
      // Until this transaction ends, claims skip the job.
      if (waiting) return this.#wakeAfterCommit(row, { id: waiting.id, isNew: false })
      const [running] = await this.#run<{ id: string }>(findRunningUniqueJob(unique))
      if (running) return { id: running.id, isNew: false }
    }
    throw new HoldfastError(
      'job-unique-contended',
      `The job "${row.name}" with the unique key ${JSON.stringify(unique.key)} could be neither enqueued nor found: other jobs with this key kept completing while it was being looked up. Enqueue it again.`,
    )
  }

  #wakeAfterCommit(row: JobRow, job: EnqueuedJob): EnqueuedJob {
    this.register()
    this.#unique.push(row)
    // The existing job may already be ready. Claims skipped the locked job, so workers are woken to
    // claim it.
    if (!job.isNew) this.#wakes.push({ kind: 'returned', name: row.name, service: this.#service })
    return job
  }

  async #run<Row extends object>({ text, values = [] }: Statement): Promise<Row[]> {
    const { rows } = await this.session.query({ text, values: [...values] })
    return rows as Row[]
  }
}

function enqueuedLate(): HoldfastError {
  return new HoldfastError(
    'job-enqueued-late',
    'A job was enqueued after the handler of its transaction had ended. Await every enqueue within the handler.',
  )
}
