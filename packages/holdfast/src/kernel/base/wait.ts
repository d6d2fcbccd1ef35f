import { abortable, type Cancellation } from './cancellation.ts'
import type { Clock } from './clock.ts'

// Waits with a limit. Each wait clears its timer and removes its listeners when it ends.

/** Options of {@link pause}. */
export interface PauseOptions {
  /** Default: real time, with a timer that keeps the process alive. */
  readonly clock?: Pick<Clock, 'after'>
  /** Ends the pause early, without an error. Default: the pause lasts its full time. */
  readonly cancellation?: Cancellation
}

/** The limit of a wait. */
export interface Timeout {
  readonly timeoutMs: number
  /** Returns the error with which the wait rejects on timeout. */
  readonly timedOut: () => unknown
  /** Default: real time, with a timer that keeps the process alive. */
  readonly clock?: Pick<Clock, 'after'>
}

/** Resolves after `ms` milliseconds, or when it is cancelled. */
export function pause(ms: number, { clock = realTime, cancellation }: PauseOptions = {}): Promise<void> {
  return new Promise((resolve) => {
    if (cancellation?.aborted === true) return resolve()
    const timer = clock.after(ms, end)
    cancellation?.addEventListener('abort', end)
    function end(): void {
      timer.cancel()
      cancellation?.removeEventListener('abort', end)
      resolve()
    }
  })
}

/**
 * Waits for work up to a timeout. The work itself is not stopped; for work that takes a signal, use
 * {@link runWithTimeout}.
 */
export function withTimeout<T>(
  work: PromiseLike<T>,
  { timeoutMs, timedOut, clock = realTime }: Timeout,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => reject(timedOut()))
    work.then(
      (value) => {
        timer.cancel()
        resolve(value)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}

/**
 * Runs work with a signal that is aborted on timeout. Rejects on timeout even if the work ignores
 * the signal.
 */
export async function runWithTimeout<T>(
  { timeoutMs, timedOut, clock = realTime, stopping }: Timeout & { readonly stopping?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController()
  const signal = stopping ? AbortSignal.any([stopping, timeout.signal]) : timeout.signal
  const timer = clock.after(timeoutMs, () => timeout.abort(timedOut()))
  try {
    return await abortable(work(signal), signal)
  } finally {
    timer.cancel()
  }
}

/**
 * Waits for work up to a timeout. Resolves to `true` if the work is fulfilled in time, and to
 * `false` on timeout; rejects if the work rejects in time.
 */
export function settlesWithin(work: PromiseLike<unknown>, timeoutMs: number): Promise<boolean> {
  return withTimeout(work, { timeoutMs, timedOut: () => late }).then(
    () => true,
    (error: unknown) => {
      if (error === late) return false
      throw error
    },
  )
}

const late = Symbol('late')

const realTime: Pick<Clock, 'after'> = {
  after(ms, fire) {
    const handle = setTimeout(fire, ms)
    return { cancel: () => clearTimeout(handle) }
  },
}
