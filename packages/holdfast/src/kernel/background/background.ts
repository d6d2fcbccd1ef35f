import type { Consumer } from './consumer.ts'
import type { Jobs, Transaction } from './effects.ts'
import type { EventType, PublishedMessage } from './event.ts'
import type { Job } from './job.ts'
import type { CapabilityStart, OpenCapability } from './open-capability.ts'
import type { Relay } from './relay.ts'
import type { Schedule } from './schedule.ts'

/**
 * Handles every published message exactly once: the writes and jobs of `handle` commit together
 * with the subscriber's position in the message log. Each subscriber reads the log at its own pace,
 * so a slow one does not delay the others.
 */
export interface Subscriber {
  /**
   * Identifies the subscriber's stored position in the message log, so do not change it. Unique
   * within the service.
   */
  readonly name: string
  /** The events whose messages the subscriber handles. Default: all events of the service. */
  readonly events?: readonly EventType[]
  /**
   * Receives messages in order. If it throws, it receives the batch again, one message at a time.
   * Messages that still fail become dead letters of this subscriber. To continue the message's
   * trace in a job, pass the `traceparent` of the message to `enqueue`.
   */
  handle(
    messages: readonly PublishedMessage[],
    within: { readonly transaction: Transaction; readonly jobs: Jobs },
  ): Promise<void>
}

/** A plugin: the jobs and subscribers that a library adds to a service, such as `webhooks(…)`. */
export interface Capability {
  readonly name: string
  /** The file and line of the definition, for errors. Default: not shown. */
  readonly definedAt?: string
  /** The jobs that the plugin adds. */
  readonly jobs?: readonly Job[]
  /** The subscribers that the plugin adds. */
  readonly subscribers?: readonly Subscriber[]
  /**
   * Called at each start of the service, before it answers calls. If it throws, the service does
   * not start. Default: nothing.
   */
  readonly open?: (start: CapabilityStart) => OpenCapability | Promise<OpenCapability>
}

/** The background work of a service: jobs, consumers, schedules, relays and subscribers. */
export interface Background {
  /** The jobs by name. */
  readonly jobs: ReadonlyMap<string, Job>
  readonly consumers: readonly Consumer[]
  readonly schedules: readonly Schedule[]
  readonly relays: readonly Relay[]
  readonly subscribers: readonly Subscriber[]
}

/** The background work of a worker, and the settings that its handlers receive. */
export interface Workload extends Background {
  /** The `settings` passed to handlers. */
  readonly settings: unknown
}

/** Options of a worker. */
export interface WorkerOptions {
  /** Max number of jobs that run at once in the process. Default 10. */
  readonly concurrency?: number
}

/** The worker of one process: runs jobs, schedules and messages. */
export interface Worker {
  /**
   * Stops claiming jobs, and waits up to `limitMs` milliseconds for running jobs. Then cancels the
   * jobs that are still running, and releases them without counting an attempt. Resolves to the ids
   * of the released jobs. Later calls return the same result and ignore their `limitMs`.
   */
  stop(limitMs: number): Promise<readonly string[]>
}
