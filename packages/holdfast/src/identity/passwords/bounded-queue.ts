import type { Cancellation } from '../../kernel/base/cancellation.ts'

/** Limits of a {@link BoundedQueue}. */
export interface QueueLimits {
  /** Max number of tasks that run at the same time. */
  readonly concurrency: number
  /** Max number of tasks that wait. */
  readonly maxWaiting: number
}

/** A task that waits for its turn. */
interface Waiting {
  readonly start: () => void
}

/** Runs tasks in order, with limits on running and waiting tasks. */
export class BoundedQueue {
  readonly #limits: QueueLimits
  readonly #waiting = new Set<Waiting>()
  #running = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Returns true if one more task would have to wait, but too many are waiting already. */
  get isFull(): boolean {
    return this.#running >= this.#limits.concurrency && this.#waiting.size >= this.#limits.maxWaiting
  }

  /**
   * Runs a task when it is its turn. A task cancelled while it waits is not started, and frees its
   * place. A started task is not stopped.
   *
   * @param refuse returns the error to throw if the queue is full.
   */
  async run<T>(task: () => Promise<T>, cancellation: Cancellation, refuse: () => Error): Promise<T> {
    if (this.isFull) throw refuse()
    if (this.#running < this.#limits.concurrency) this.#running += 1
    else await this.#wait(cancellation)
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  /**
   * Waits for a place. A task that ends hands its place to the next waiting task, so that no other
   * task can take it.
   */
  #wait(cancellation: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(waiting)
        reject(cancellation.reason as Error)
      }
      const waiting: Waiting = {
        start() {
          cancellation.removeEventListener('abort', abort)
          resolve()
        },
      }
      if (cancellation.aborted) return reject(cancellation.reason as Error)
      cancellation.addEventListener('abort', abort)
      this.#waiting.add(waiting)
    })
  }

  #leave(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#running -= 1
      return
    }
    this.#waiting.delete(next)
    next.start()
  }
}
