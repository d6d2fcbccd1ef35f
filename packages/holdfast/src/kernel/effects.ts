import type { Duration } from './duration.ts'
import type { Publish } from './event.ts'
import type { JobType } from './job-type.ts'

/** How one job is enqueued. */
export interface EnqueueOptions {
  /** How long it waits before it may run. Default: not at all. */
  readonly delay?: Duration
  /** When it may run, instead of `delay`. */
  readonly at?: Date
  /** Jobs with a higher one run first, -1000 to 1000. Default: the job's own. */
  readonly priority?: number
  /**
   * Enqueues no second job while one of this name and key is there: the first stands for both. A text is the key, with
   * `until: 'started'`.
   */
  readonly unique?: string | UniqueJob
  /** The trace that it belongs to, as W3C Trace Context spells it. Default, also where it is malformed: that of whoever enqueues it. */
  readonly traceparent?: string | undefined
}

/** What makes a job stand for others. */
export interface UniqueJob {
  /** At most 255 characters. */
  readonly key: string
  /**
   * `'started'`: a job stands for others until it is claimed, so what is committed while it runs gets one more run, and
   * nothing is missed. `'ended'`: until it ends, its further attempts included. Use it only if a job that already runs
   * need not see what was committed after it began. Default `'started'`.
   */
  readonly until?: 'started' | 'ended'
}

/** Options of many jobs that are enqueued at once. */
export type EnqueueManyOptions = Omit<EnqueueOptions, 'unique'>

/** A job that has been enqueued. */
export interface EnqueuedJob {
  /** A UUID. */
  readonly id: string
  /** Whether it is a new one; false where one with the same `unique` key was there. */
  readonly isNew: boolean
}

/** The jobs of a transaction: what it enqueues and cancels happens if, and only if, it commits. */
export interface Jobs {
  /**
   * Enqueues a job.
   *
   * @throws HoldfastError `job-input-invalid` where the input is not what the job declares.
   */
  enqueue<Input>(job: JobType<Input>, input: NoInfer<Input>, options?: EnqueueOptions): Promise<EnqueuedJob>
  /** Enqueues a job for each input, at once. Gives their ids, in the order of the inputs. */
  enqueueMany<Input>(
    job: JobType<Input>,
    inputs: readonly NoInfer<Input>[],
    options?: EnqueueManyOptions,
  ): Promise<readonly string[]>
  /**
   * Cancels a job: one that waits never runs, the signal of one that runs is aborted. Gives whether it had not ended.
   */
  cancel(id: string): Promise<boolean>
}

/** What a statement gives, whatever the query builder. */
export interface StatementResult<Row> {
  readonly rows: readonly Row[]
  /** How many rows it changed or gave. */
  readonly rowCount: number
}

/** What runs statements for libraries, whatever a handler's query builder is. */
export interface Statements {
  /** The name of the service that runs them: what a library keeps in tables of its own belongs to it. */
  readonly service: string
  /** Runs one statement; its values are those of `$1`, `$2`, …. */
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<StatementResult<Row>>
}

/** A transaction, for libraries that take part in it. */
export interface Transaction extends Statements {}

/** What a transaction sets off beside its own rows, in its one commit. */
export interface Effects {
  readonly jobs: Jobs
  readonly publish: Publish
  /** The transaction itself, for libraries that take part in it. */
  readonly transaction: Transaction
}
