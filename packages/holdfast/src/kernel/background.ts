import type { Consumer } from './consumer.ts'
import type { Jobs, Transaction } from './effects.ts'
import type { EventType, PublishedMessage } from './event.ts'
import type { Job } from './job.ts'
import type { Relay } from './relay.ts'
import type { Schedule } from './schedule.ts'

/**
 * Handles every published message exactly once: its writes and jobs commit together with its position in
 * the message log. It reads the log by itself, so it holds up no other reader.
 */
export interface Subscriber {
  /** Identifies its position in the database, so do not change it. Unique within the service. */
  readonly name: string
  /** The events whose messages it handles. Default: all of its service. */
  readonly events?: readonly EventType[]
  /**
   * Receives messages in order. If it throws, its batch is repeated message by message, and those that
   * still fail become dead letters of this subscriber. A job that it enqueues is part of a trace only if it
   * passes on the `traceparent` of the message.
   */
  handle(
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
