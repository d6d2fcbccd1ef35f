import { type Cancellation, CancellationSource } from './cancellation.ts'
import type { Clock, Timer } from './clock.ts'
import { HoldfastError } from './holdfast-error.ts'
import { DeadlineExceeded } from './problems.ts'

/** The moment by which a call has to be answered: total, across all that is tried again. */
export interface Deadline {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  /** Milliseconds left; zero once it has passed. */
  remainingMs(): number
}

/** The reason of what was cancelled since the client has gone away. */
export const clientGone: HoldfastError = new HoldfastError(
  'client-gone',
  'The client closed its connection before it was answered.',
)

/**
 * A deadline that runs from its making until its end. It cancels with `DeadlineExceeded` when the time has passed, and with
 * {@link clientGone} when `client` is aborted before.
 */
export class RunningDeadline extends CancellationSource implements Deadline {
  readonly atMs: number
  readonly #clock: Clock
  /** On the monotonic clock: setting the wall clock changes nothing. */
  readonly #endMs: number
  readonly #client: Cancellation | undefined
  readonly #leave = (): void => this.cancel(clientGone)
  readonly #timer: Timer

  constructor(clock: Clock, timeoutMs: number, client?: Cancellation) {
    super()
    this.#clock = clock
    this.#client = client
    this.atMs = clock.now() + timeoutMs
    this.#endMs = clock.monotonicMs() + timeoutMs
    this.#timer = clock.after(timeoutMs, () => this.cancel(DeadlineExceeded()))
    if (client?.aborted === true) this.#leave()
    else client?.addEventListener('abort', this.#leave)
  }

  remainingMs(): number {
    return Math.max(0, this.#endMs - this.#clock.monotonicMs())
  }

  /** Stops waiting for the deadline and for the client. */
  end(): void {
    this.#timer.cancel()
    this.#client?.removeEventListener('abort', this.#leave)
  }
}
