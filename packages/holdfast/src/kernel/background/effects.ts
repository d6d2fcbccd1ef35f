import type { Mode } from '../host/service-host.ts'
import type { Sealer } from '../host/sealer.ts'
import type { Clock } from '../base/clock.ts'
import type { Duration } from '../base/duration.ts'
import type { Publish } from './event.ts'
import type { JobType } from './job-type.ts'
import type { Subjects } from './subject.ts'

/** Options of `enqueue`. */
export interface EnqueueOptions {
  /** The delay before the job may run. Default: none. */
  readonly delay?: Duration
  /** The time from which the job may run, instead of `delay`. Default: now. */
  readonly at?: Date
  /**
   * The priority, -1000 to 1000; jobs with a higher priority run first. Default: the priority in
   * the job's definition.
   */
  readonly priority?: number
  /**
   * A key that prevents duplicates: while a job with this name and key exists, no new job is
   * enqueued, and `enqueue` returns the existing job. A string is short for `{ key: string, until:
   * 'started' }`. Default: no key. A key costs a round trip.
   */
  readonly unique?: string | UniqueJob
  /**
   * The trace that the job belongs to, as a W3C Trace Context `traceparent`; a malformed one is
   * ignored. Default: the trace of the call or job that enqueues it.
   */
  readonly traceparent?: string | undefined
  /**
   * The tenant that the job runs as. Default: the tenant of the call or job that enqueues it. Set
   * it if a job without a tenant, such as a scheduled job, enqueues a job for each tenant.
   */
  readonly tenant?: string | undefined
  /** Subjects of the job, in addition to those that its `subjectsOf` returns. Default: none. */
  readonly subjects?: Subjects
}

/** A job's unique key, and the time during which the key prevents duplicates. */
export interface UniqueJob {
  /** The key, at most 255 characters. */
  readonly key: string
  /**
   * The time during which a job prevents duplicates. `'started'`: until the job is claimed. A
   * change that is committed while the job runs can then enqueue another job, so the change is not
   * missed. `'ended'`: until the job ends, including its later attempts. Default `'started'`. Set
   * `'ended'` only if a running job can ignore changes that are committed after it started.
   */
  readonly until?: 'started' | 'ended'
}

/** Options of `enqueueMany`. */
export type EnqueueManyOptions = Omit<EnqueueOptions, 'unique'>

/** An enqueued job. */
export interface EnqueuedJob {
  /** The id of the job, a UUID. */
  readonly id: string
  /** True if the job is new; false if a job with the same `unique` key existed. */
  readonly isNew: boolean
}

/**
 * Enqueues and cancels jobs within a transaction. Enqueuing and cancelling take effect if, and only
 * if, the transaction commits.
 */
export interface Jobs {
  /**
   * Enqueues a job.
   *
   * @throws HoldfastError `job-input-invalid` if the input does not match the schema of the job.
   */
  enqueue<Input>(job: JobType<Input>, input: NoInfer<Input>, options?: EnqueueOptions): Promise<EnqueuedJob>
  /**
   * Enqueues a job for each input in one statement. Resolves to their ids, in the order of the
   * inputs.
   */
  enqueueMany<Input>(
    job: JobType<Input>,
    inputs: readonly NoInfer<Input>[],
    options?: EnqueueManyOptions,
  ): Promise<readonly string[]>
  /**
   * Cancels a job: a waiting job never runs; the `signal` of a running job is aborted. Resolves to
   * false if the job had already ended.
   */
  cancel(id: string): Promise<boolean>
}

/** The result of a statement, independent of the query builder. */
export interface StatementResult<Row> {
  readonly rows: readonly Row[]
  /** Number of rows changed or returned. */
  readonly rowCount: number
}

/** Runs SQL for libraries, independent of the handler's query builder. */
export interface Statements {
  /**
   * The name of the service that runs the statements. A library with its own tables stores this
   * name with each row.
   */
  readonly service: string
  /** The mode of the service, for a library that is stricter in production. */
  readonly mode: Mode
  /** The clock of the service. */
  readonly clock: Clock
  /** Encrypts data that a library stores, with the secret keys of the service. */
  readonly sealer: Sealer
  /** Runs one statement; `values` are the parameters `$1`, `$2`, …. */
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<StatementResult<Row>>
}

/**
 * A transaction for libraries: it runs SQL, regardless of the query builder of `db`. Functions that
 * only read, and therefore take {@link Statements}, also accept it.
 */
export interface Transaction extends Statements {}

/** The effects that commit atomically with a transaction. */
export interface Effects {
  /** Enqueues and cancels jobs. */
  readonly jobs: Jobs
  /** Publishes messages. */
  readonly publish: Publish
  /** The transaction itself: runs SQL for libraries that do not know the query builder of `db`. */
  readonly transaction: Transaction
}
