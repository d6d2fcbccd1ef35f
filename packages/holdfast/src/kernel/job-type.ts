import type { Duration } from './duration.ts'
import type { Schema } from './schema.ts'

/** When a job that failed is tried again. */
export interface RetryPolicy {
  /** How many tries there are in all. Default 20. */
  readonly attempts?: number
  /** The longest pause after the first failure; it doubles with each. The pause itself is random below that. Default `'1s'`. */
  readonly firstDelay?: Duration
  /** The longest pause of all. Default `'1h'`. */
  readonly longestDelay?: Duration
  /** The pauses one by one, instead of the above: after the last of them, there is no further try. */
  readonly schedule?: readonly Duration[]
}

/** How many jobs of a kind run at once, in all processes together. */
export interface ConcurrencyLimit<Input> {
  readonly limit: number
  /** What the limit is for: `({ account }) => account`. Default: all jobs of the name. */
  readonly key?: (input: Input) => string
  /**
   * Whether the next one of a key waits until the one before has ended for good, its further tries included, rather than for its try: for
   * what has to keep its order. Default false.
   */
  readonly ordered?: boolean
  /**
   * What the later jobs of a key do when one is dead. `'skip'`: they pass it. `'wait'`: a dead job keeps its place until it
   * is redriven, skipped or deleted, so that they wait behind it. Default `'skip'`. Set `'wait'` if a job must not run
   * before an earlier one has succeeded.
   */
  readonly onDead?: 'skip' | 'wait'
}

/** How many jobs of a kind are begun within a length of time, in all processes together. They are spread evenly. */
export interface RateLimit<Input> {
  readonly limit: number
  readonly per: Duration
  /** What the limit is for. Default: all jobs of the name. */
  readonly key?: (input: Input) => string
}

/** Slots that a job has to itself in each process, apart from those that all others share. */
export interface OwnSlots<Input> {
  /** How many of its jobs run at once in a process. */
  readonly count: number
  /** How many connections their transactions share. */
  readonly connections: number
  /** Returns on whose behalf a job runs: half of the slots are reserved for those of whom none runs. Default: one share. */
  readonly shareOf?: (input: Input) => string
}

/** What a job is, but for its work: what enqueues it needs to know of it. */
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
  /** Default: it takes part in the slots that all share. */
  readonly slots: OwnSlots<never> | undefined
  /** The file and line of the definition. */
  readonly place: string
  /** Never there; carries the type. */
  readonly types?: { readonly input: Input }
}
