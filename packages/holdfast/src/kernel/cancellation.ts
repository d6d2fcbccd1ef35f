/** What may be over before it has come to its end. Every `AbortSignal` is one. */
export interface Cancellation {
  readonly aborted: boolean
  /** Why; `undefined` as long as it is not over. */
  readonly reason: unknown
  /** Throws the reason where it is over. */
  throwIfAborted(): void
  /** Calls `listener` when it becomes over; never where it is over already. */
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * A cancellation that is brought about here. What an `AbortController` is, without being an event target until somebody needs
 * one: most calls end before anybody has waited for anything.
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

  /** The same as a signal of the platform, for whatever takes one. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    if (this.aborted) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Brings it about; only the first time counts. */
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
    const index = this.#listeners.indexOf(listener)
    if (index !== -1) this.#listeners.splice(index, 1)
  }
}

/**
 * Waits for work, but no longer than a cancellation allows: rejects with its reason as soon as it is over. The work goes on by
 * itself; what it comes to later is handed to `late`.
 */
export function untilAborted<T>(
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
