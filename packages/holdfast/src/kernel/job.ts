import type { Duration } from './duration.ts'
import type { Effects } from './effects.ts'
import type { ConcurrencyLimit, JobType, OwnSlots, RateLimit, RetryPolicy } from './job-type.ts'
import type { Json } from './json.ts'
import type { Load } from './load.ts'
import type { Logger } from './log.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'
import type { NoSettings } from './settings.ts'
import type { Step } from './step.ts'

/** What a job's work is given. */
export interface JobContext<Input, Db, Values = NoSettings> extends Effects {
  readonly input: Input
  /**
   * The transaction in which the job completes, begun by its first statement: what it writes, enqueues and publishes is committed
   * together with the job's end, or not at all.
   */
  readonly db: Db
  /** Divides the job into parts that are done once. They come before the first use of `db`. */
  readonly step: Step<Db>
  /** Identifies the job, a UUID. */
  readonly id: string
  /** Which try this is, from 1; tries that failed count, restarts of the service do not. */
  readonly attempt: number
  /** What the program is configured with: the values of `holdfast({ settings })`. */
  readonly settings: Values
  /** Tells how far it is, for whoever looks; at most 4 KiB of JSON, written now and then rather than each time. */
  readonly progress: (value: Json) => void
  /** Loads what a relation has for a key, together with whatever else is asked of it in the same turn. */
  readonly load: Load
  readonly log: Logger
  /** Aborted when the deadline has passed, the job is cancelled, or this process has lost it to another. */
  readonly signal: AbortSignal
}

/** What a job is defined with. */
export interface JobDefinition<I extends Schema, Db, Values = NoSettings> {
  /** Stable: enqueued jobs name it. Unique in the service. Lower-case words with hyphens. */
  readonly name: string
  /** What it is given. It is validated when the job is enqueued, and again when it runs: jobs outlive deploys. */
  readonly input: I
  readonly retry?: RetryPolicy
  /** How long one try may take. Default `'5m'`. */
  readonly deadline?: Duration
  /** Jobs with a higher one run first, -1000 to 1000. Default 0. */
  readonly priority?: number
  readonly concurrency?: ConcurrencyLimit<OutputOf<I>>
  readonly rate?: RateLimit<OutputOf<I>>
  /** How long a job that has succeeded is kept, to be looked at. Default `'1d'`; those that are dead or cancelled are kept 30 days. */
  readonly retention?: Duration
  /** Does the work. What it throws is a failure, after which it is tried again. */
  run(context: JobContext<OutputOf<I>, Db, Values>): void | Promise<void>
}

/** A job as the framework knows it. */
export interface Job<Input = unknown> extends JobType<Input> {
  run(context: JobContext<never, never, never>): void | Promise<void>
}

/** Makes a job of its definition, which is judged when a service with it starts. */
export function createJob<I extends Schema, Db, Values>(
  definition: JobDefinition<I, Db, Values>,
  place: string,
  slots?: OwnSlots<OutputOf<I>>,
): Job<InputOf<I>> {
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
    place,
    run: (context) => definition.run(context as never),
  }
}
