import type { Duration } from './duration.ts'
import type { Effects } from './effects.ts'
import type { EventType, Message } from './event.ts'
import type { Logger } from './log.ts'

/** What the work of a step is given. */
export interface StepContext<Db> extends Effects {
  /** A transaction of the step's own, begun by its first statement: it commits together with the step's result. */
  readonly db: Db
  /**
   * The same for every attempt of this step of this job, and for no other: what a third party that knows idempotency keys is
   * given as one.
   */
  readonly key: string
  readonly log: Logger
  /** Aborted when the job's deadline has passed, it is cancelled, or this process has lost it to another. */
  readonly signal: AbortSignal
}

/** How a job waits for a message. */
export interface WaitOptions {
  /** The key of the message that is waited for. */
  readonly key: string
  /** The longest that it waits. Default: without a timeout. */
  readonly timeout?: Duration
  /** The service that publishes the message. Default: that of the job. Set it to wait for another service's message. */
  readonly publisher?: string
}

/**
 * Divides a job into parts that are done once: what a step gives is committed, and an attempt after it is given that
 * rather than doing the step again. Names are unique in the job.
 */
export interface Step<Db> {
  /**
   * Runs a part of the job, and commits what it returns: JSON of at most 256 KiB, or nothing. It runs again only if it was not
   * committed. What JSON would lose or change (NaN, Date, Map, Error, bigint, an instance of a class, undefined in an array) fails
   * it with `step-result-invalid`, which names the place; a member that is undefined is left out.
   */
  <Result>(name: string, run: (context: StepContext<Db>) => Result | Promise<Result>): Promise<Result>
  /** Waits for a length of time. The job holds no connection and no process meanwhile, and goes on after a restart. */
  sleep(name: string, duration: Duration): Promise<void>
  /**
   * Waits for a message of an event and key that is published after the job was enqueued, the first one. Gives `undefined` where the
   * time has passed without one. The job holds nothing meanwhile.
   */
  waitFor<Payload>(
    name: string,
    event: EventType<unknown, Payload>,
    options: WaitOptions,
  ): Promise<Message<Payload> | undefined>
}
