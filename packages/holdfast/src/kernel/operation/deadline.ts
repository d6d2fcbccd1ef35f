import { type Cancellation, CancellationSource } from '../base/cancellation.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import { DeadlineExceeded } from '../problem/problems.ts'

/** The time by which a call must be answered. All attempts of the call share this limit. */
export interface Deadline {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  /** Returns the milliseconds left; zero once the deadline has passed. */
  remainingMs(): number
}

/** The cancellation reason when the client has disconnected. */
export const clientDisconnected: HoldfastError = new HoldfastError(
  'client-disconnected',
  'The client disconnected before the response was sent.',
)

/** The source of timers. */
type Timers = Pick<Clock, 'after'>

/**
 * A deadline that runs from its construction until `end`. It cancels the call with
 * `DeadlineExceeded` when the time has passed, or with {@link clientDisconnected} if `client` is
 * aborted earlier.
 */
export class RunningDeadline extends CancellationSource implements Deadline {
  readonly atMs: number
  readonly #clock: Clock
  /** The end on the monotonic clock, which does not change if the wall clock is set. */
  readonly #endMs: number
  readonly #client: Cancellation | undefined
  readonly #leave = (): void => this.cancel(clientDisconnected)
  readonly #timer: Timer

  /** `timers` sets the deadline's timer. Default: the clock. */
  constructor(
    clock: Clock,
    timeoutMs: number,
    { client, timers = clock }: { readonly client?: Cancellation | undefined; readonly timers?: Timers } = {},
  ) {
    super()
    this.#clock = clock
    this.#client = client
    this.atMs = clock.now() + timeoutMs
    this.#endMs = clock.monotonicMs() + timeoutMs
    this.#timer = timers.after(timeoutMs, () => this.cancel(DeadlineExceeded()))
    if (client?.aborted === true) this.#leave()
    else client?.addEventListener('abort', this.#leave)
  }

  remainingMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs())
  }

  /** Stops watching for the deadline and for the client's disconnect. */
  end(): void {
    this.#timer.cancel()
    this.#client?.removeEventListener('abort', this.#leave)
  }
}
