import type { Clock, Timer } from './clock.ts'
import { DeadlineExceeded } from './problems.ts'
import { HoldfastError } from './holdfast-error.ts'

/** The moment by which a call has to be answered: total, across all that is tried again. */
export interface Deadline {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  /** Milliseconds left; zero once it has passed. */
  remainingMs(): number
}

/** A running deadline with the signal that it aborts. */
export interface RunningDeadline extends Deadline {
  readonly signal: AbortSignal
  /** Stops waiting for the deadline and for the client. */
  end(): void
}

/** The reason of a signal that was aborted since the client has gone away. */
export const clientGone: HoldfastError = new HoldfastError(
  'client-gone',
  'The client closed its connection before it was answered.',
)

/**
 * Starts a deadline. Its signal is aborted with `DeadlineExceeded` when the time has passed, and with {@link clientGone}
 * when `client` is aborted before.
 */
export function startDeadline(
  clock: Clock,
  timeoutMs: number,
  client: AbortSignal | undefined,
): RunningDeadline {
  const controller = new AbortController()
  const atMs = clock.now() + timeoutMs
  const timer: Timer = clock.after(timeoutMs, () => controller.abort(DeadlineExceeded()))
  const leave = (): void => controller.abort(clientGone)
  if (client?.aborted === true) leave()
  client?.addEventListener('abort', leave, { once: true })
  return {
    atMs,
    remainingMs: () => Math.max(0, atMs - clock.now()),
    signal: controller.signal,
    end() {
      timer.cancel()
      client?.removeEventListener('abort', leave)
    },
  }
}

/**
 * Waits for work, but no longer than a signal: rejects with the signal's reason as soon as it is aborted. The work goes on
 * by itself; what it comes to later is handed to `late`.
 */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late?: (outcome: PromiseSettledResult<T>) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isAborted = false
    const abort = (): void => {
      isAborted = true
      reject(signal.reason)
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', abort)
        if (isAborted) late?.({ status: 'fulfilled', value })
        resolve(value)
      },
      (reason: unknown) => {
        signal.removeEventListener('abort', abort)
        if (isAborted) late?.({ status: 'rejected', reason })
        reject(reason)
      },
    )
  })
}
