import type { Consumer } from './consumer.ts'
import type { Jobs, Transaction } from './effects.ts'
import type { PublishedMessage } from './event.ts'
import type { Job } from './job.ts'
import type { Relay } from './relay.ts'
import type { Schedule } from './schedule.ts'

/** Hears of every message once, in a transaction of its own kind: what it writes and enqueues there commits together with the fact that it heard. */
export interface Subscriber {
  readonly name: string
  /**
   * Takes messages in their order. What it throws has them all told again. What it enqueues belongs to no trace, unless it says to which: the
   * `traceparent` of the message.
   */
  hear(
    messages: readonly PublishedMessage[],
    within: { readonly transaction: Transaction; readonly jobs: Jobs },
  ): Promise<void>
}

/** A part that a library adds to a service: `webhooks(…)`. */
export interface Capability {
  readonly name: string
  readonly jobs?: readonly Job[]
  readonly subscribers?: readonly Subscriber[]
}

/** What a service does without being called. */
export interface Background {
  /** By their names. */
  readonly jobs: ReadonlyMap<string, Job>
  readonly consumers: readonly Consumer[]
  readonly schedules: readonly Schedule[]
  readonly relays: readonly Relay[]
  readonly subscribers: readonly Subscriber[]
}

/** What a worker works on. */
export interface Workload extends Background {
  /** What handlers get as `settings`. */
  readonly settings: unknown
}

/** How a process works on jobs. */
export interface WorkerOptions {
  /** How many jobs it runs at once. Default 10. */
  readonly concurrency?: number
}

/** A process's part in the work on jobs, schedules, messages. */
export interface Worker {
  /**
   * Takes no more, waits for what runs, and hands back what has not ended within `limitMs`, without that counting as a try. Gives the ids of
   * what was handed back. Further calls wait for the same, whatever limit they give.
   */
  stop(limitMs: number): Promise<readonly string[]>
}
