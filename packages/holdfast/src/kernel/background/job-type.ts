import type { Duration } from '../base/duration.ts'
import type { Schema } from '../schema/schema.ts'
import type { Subjects } from './subject.ts'
import type { phantom } from '../base/phantom.ts'

/** The retry policy of a job. */
export interface RetryPolicy {
  /** Max number of attempts. Default 20. */
  readonly attempts?: number
  /**
   * Max delay after the first failure. The max doubles with each later failure. The actual delay is
   * random, from 0 to the max (full jitter). Default `'1s'`.
   */
  readonly initialDelay?: Duration
  /** Max delay after any failure. Default `'1h'`. */
  readonly maxDelay?: Duration
  /**
   * Explicit delays after each failure, instead of the options above. The job has one more attempt
   * than there are delays, and is dead if the last attempt fails. Default: none.
   */
  readonly schedule?: readonly Duration[]
}

/** A limit on the number of jobs with one name that run at once, across all processes. */
export interface ConcurrencyLimit<Input> {
  /** Max number of jobs with the same key that run at once. */
  readonly limit: number
  /**
   * Returns the key to which the limit applies: `({ account }) => account`. Default: one limit for
   * all jobs with the name.
   */
  readonly key?: (input: Input) => string
  /**
   * True if a job keeps its slot between its attempts, until it has ended. With a limit of 1, jobs
   * with the same key then run strictly in order. If false, later jobs may run between two
   * attempts. Default false.
   */
  readonly ordered?: boolean
  /**
   * The handling of later jobs with the same key after a job is dead. `'skip'`: later jobs run
   * without waiting. `'wait'`: the dead job keeps its slot until it is redriven, skipped or
   * deleted, and later jobs wait for the slot. Default `'skip'`. Set `'wait'` if a job must not run
   * before an earlier one has succeeded.
   */
  readonly onDead?: 'skip' | 'wait'
}

/**
 * A limit on the number of jobs with the same name that start per period, across all processes. The
 * starts are spaced evenly.
 */
export interface RateLimit<Input> {
  /** Max number of jobs with the same key that start per period. */
  readonly limit: number
  /** The length of the period. */
  readonly per: Duration
  /** Returns the key to which the limit applies. Default: one limit for all jobs with the name. */
  readonly key?: (input: Input) => string
}

/**
 * Slots in each process that are reserved for jobs with one name, separate from the shared slots.
 */
export interface OwnSlots<Input> {
  /** Max number of these jobs that run at once in a process. */
  readonly count: number
  /** Number of connections that the transactions of these jobs share. */
  readonly connections: number
  /**
   * Returns the share that a job belongs to, such as its owner. Half of the slots are reserved for
   * shares with no running job, so that one share cannot take all slots. Default: all jobs are one
   * share.
   */
  readonly shareOf?: (input: Input) => string
}

/** A job without its handler: the part that is needed to enqueue it. */
export interface JobType<Input = unknown> {
  readonly kind: 'job'
  readonly name: string
  readonly input: Schema
  readonly retry: RetryPolicy
  readonly deadline: Duration
  readonly priority: number
  readonly concurrency: ConcurrencyLimit<never> | undefined
  readonly rate: RateLimit<never> | undefined
  readonly retention: Duration
  /** Default: the job uses the shared slots. */
  readonly slots: OwnSlots<never> | undefined
  /** Returns the subjects of a job. Default: the job has no subjects. */
  readonly subjectsOf: ((input: never) => Subjects) | undefined
  /** The file and line of the definition. */
  readonly definedAt: string
  /** Type-only property; never set at run time. */
  readonly [phantom]?: { readonly input: Input }
}
