/** The cancellation of some work. Every `AbortSignal` is a cancellation. */
export interface Cancellation {
  /** True once the work is cancelled. */
  readonly aborted: boolean
  /** The reason of the cancellation; `undefined` until the work is cancelled. */
  readonly reason: unknown
  /** Throws the reason if the work is cancelled. */
  throwIfAborted(): void
  /**
   * Calls `listener` when the work is cancelled. Does not call it if the work is already cancelled.
   */
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * A cancellation that its owner triggers. It is like an `AbortController`, but creates the
 * `AbortSignal` only when `signal` is first read, because most calls never read it.
 */
export class CancellationSource implements Cancellation {
  #isAborted = false
  #reason: unknown
  #listeners: (() => void)[] = []
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#isAborted
  }

  get reason(): unknown {
    return this.#reason
  }

  /** The cancellation as an `AbortSignal`, for APIs that require one. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    if (this.aborted) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Cancels the work. Calls after the first have no effect. */
  cancel(reason: unknown): void {
    if (this.#isAborted) return
    this.#isAborted = true
    this.#reason = reason
    const listeners = this.#listeners
    this.#listeners = []
    this.#controller?.abort(reason)
    for (const listener of listeners) listener()
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.#reason
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    // Usually, the removed listener is the one added last.
    if (this.#listeners.at(-1) === listener) this.#listeners.pop()
    else this.#listeners = this.#listeners.filter((each) => each !== listener)
  }
}

/**
 * Waits for work until it settles or is cancelled. On cancellation, rejects immediately with the
 * reason. The work itself is not stopped. If the work settles later, its outcome is passed to
 * `late`.
 */
export function abortable<T>(
  work: Promise<T>,
  cancellation: Cancellation,
  late?: (outcome: PromiseSettledResult<T>) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isAborted = false
    const abort = (): void => {
      isAborted = true
      reject(cancellation.reason)
    }
    if (cancellation.aborted) abort()
    else cancellation.addEventListener('abort', abort)
    work.then(
      (value) => {
        cancellation.removeEventListener('abort', abort)
        if (isAborted) late?.({ status: 'fulfilled', value })
        else resolve(value)
      },
      (reason: unknown) => {
        cancellation.removeEventListener('abort', abort)
        if (isAborted) late?.({ status: 'rejected', reason })
        else reject(reason)
      },
    )
  })
}
