import type { Duration } from '../base/duration.ts'
import type { Effects } from './effects.ts'
import type { EventType, Message } from './event.ts'
import type { Logger } from '../base/log.ts'

/** The context passed to a step. */
export interface StepContext<Db> extends Effects {
  /**
   * The transaction of the step. The first statement opens it, and it commits together with the
   * result of the step.
   */
  readonly db: Db
  /**
   * A key that is unique to this step of this job, and the same in all attempts. Pass it as the
   * idempotency key to third parties that support one.
   */
  readonly key: string
  /** Logs lines that carry the job's name and id. */
  readonly log: Logger
  /**
   * Aborted when the job's deadline passes, when the job is cancelled, or when another process has
   * rescued it.
   */
  readonly signal: AbortSignal
}

/** Options of {@link Step.waitFor}. */
export interface WaitOptions {
  /** The key of the message to wait for. */
  readonly key: string
  /** Max time to wait. Default: no timeout. */
  readonly timeout?: Duration
  /**
   * The service that publishes the message. Default: the job's service. Set it to wait for another
   * service's message.
   */
  readonly publisher?: string
}

/**
 * Divides a job into durable steps: the result of a step is committed, and later attempts reuse it
 * instead of running the step again. Names are unique within the job.
 */
export interface Step<Db> {
  /**
   * Runs a step and commits its result: JSON of at most 256 KiB, or nothing. The step runs again
   * only if its result was not committed. The step fails with `step-result-invalid` if JSON would
   * lose or change a part of the result: NaN, a Date, Map, Error or bigint, an instance of a class,
   * or undefined in an array. The error names the location of this part. Members that are undefined
   * are omitted.
   */
  <Result>(name: string, run: (context: StepContext<Db>) => Result | Promise<Result>): Promise<Result>
  /** Sleeps durably: a sleeping job holds no connection and no process, and survives restarts. */
  sleep(name: string, duration: Duration): Promise<void>
  /**
   * Waits for the first message with this event and key that is published after the job was
   * enqueued. Resolves to `undefined` on timeout. A waiting job holds no connection and no process.
   */
  waitFor<Payload>(
    name: string,
    event: EventType<unknown, Payload>,
    options: WaitOptions,
  ): Promise<Message<Payload> | undefined>
}
