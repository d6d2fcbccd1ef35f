import type { Duration } from '../base/duration.ts'
import type { Effects } from './effects.ts'
import type { ConcurrencyLimit, JobType, OwnSlots, RateLimit, RetryPolicy } from './job-type.ts'
import type { Json } from '../base/json.ts'
import type { Load } from '../relations/load.ts'
import type { Logger } from '../base/log.ts'
import type { InputOf, OutputOf, Schema } from '../schema/schema.ts'
import type { NoSettings } from '../host/settings.ts'
import type { Step } from './step.ts'
import type { Subjects } from './subject.ts'

/** The context passed to a job. */
export interface JobContext<Input, Db, Values = NoSettings> extends Effects {
  /** The validated input. */
  readonly input: Input
  /**
   * The transaction in which the job completes. The first statement opens it. Writes, enqueued jobs
   * and published messages commit together with the completion of the job, or not at all.
   */
  readonly db: Db
  /**
   * Runs a durable step: the result of the step is stored, and later attempts reuse it. Steps must
   * come before the first use of `db`.
   */
  readonly step: Step<Db>
  /** The id of the job, a UUID. */
  readonly id: string
  /** The number of the attempt, from 1. Failed attempts count; restarts of the service do not. */
  readonly attempt: number
  /** The tenant of the call that enqueued the job; `undefined` for no tenant. */
  readonly tenant: string | undefined
  /** The values of the settings declared in `holdfast({ settings })`. */
  readonly settings: Values
  /**
   * Reports progress for dashboards and the command line, at most 4 KiB of JSON. The last value is
   * stored about once per second.
   */
  readonly progress: (value: Json) => void
  /**
   * Loads a relation's row or rows for a key. Calls made in the same turn of the event loop are
   * batched into one statement.
   */
  readonly load: Load
  /** Logs lines that carry the job's name and id. */
  readonly log: Logger
  /**
   * Aborted when the deadline has passed, the job is cancelled, or another process has rescued it.
   */
  readonly signal: AbortSignal
}

/** The definition of a job. */
export interface JobDefinition<InputSchema extends Schema, Db, Values = NoSettings> {
  /**
   * Identifies the job in the database, so do not change it. Unique within the service; lower-case
   * words with hyphens.
   */
  readonly name: string
  /**
   * The schema of the input. It is validated when the job is enqueued, and again when it runs,
   * because jobs outlive deployments.
   */
  readonly input: InputSchema
  /**
   * The retry policy for failed attempts. Default: 20 attempts with exponential backoff from 1s to
   * 1h.
   */
  readonly retry?: RetryPolicy
  /** The deadline of one attempt. Default `'5m'`. */
  readonly deadline?: Duration
  /** The priority, -1000 to 1000; jobs with a higher priority run first. Default 0. */
  readonly priority?: number
  /**
   * The limit on the number of jobs with this name that run at once, across all processes. Default:
   * no limit.
   */
  readonly concurrency?: ConcurrencyLimit<OutputOf<InputSchema>>
  /**
   * The limit on the number of jobs with this name that start per period, across all processes.
   * Default: no limit.
   */
  readonly rate?: RateLimit<OutputOf<InputSchema>>
  /**
   * Retention of a succeeded job, for inspection. Default `'1d'`. Dead and cancelled jobs are kept
   * for 30 days.
   */
  readonly retention?: Duration
  /**
   * Returns the subjects of a job: the people whose data its input contains, such as ``({ customer
   * }) => `customer:${customer}` ``. An export or erasure of their data includes the job, its steps
   * and its progress. Default: no subjects, so no export or erasure includes the job.
   */
  readonly subjectsOf?: (input: OutputOf<InputSchema>) => Subjects
  /** Runs the job. An error fails the attempt, and the job is retried. */
  run(context: JobContext<OutputOf<InputSchema>, Db, Values>): void | Promise<void>
}

/** A defined job. */
export interface Job<Input = unknown> extends JobType<Input> {
  run(context: JobContext<never, never, never>): void | Promise<void>
}

/** Creates a job from its definition. The definition is validated when a service with it starts. */
export function createJob<InputSchema extends Schema, Db, Values>(
  definition: JobDefinition<InputSchema, Db, Values>,
  definedAt: string,
  slots?: OwnSlots<OutputOf<InputSchema>>,
): Job<InputOf<InputSchema>> {
  return {
    kind: 'job',
    name: definition.name,
    input: definition.input,
    retry: definition.retry ?? {},
    deadline: definition.deadline ?? '5m',
    priority: definition.priority ?? 0,
    concurrency: definition.concurrency as ConcurrencyLimit<never> | undefined,
    rate: definition.rate as RateLimit<never> | undefined,
    retention: definition.retention ?? '1d',
    slots: slots as OwnSlots<never> | undefined,
    subjectsOf: definition.subjectsOf as ((input: never) => Subjects) | undefined,
    definedAt,
    run: (context) => definition.run(context as never),
  }
}
