import type { Clock, Timer } from './clock.ts'

/**
 * Sets many timers of one duration with a single timer of the clock. Timers of one duration are due
 * in the order in which they were set, so a list is enough. Most calls end long before their
 * deadline, and setting a timer of the runtime for each call costs more than the list.
 *
 * A timer fires when the clock's timer fires, never earlier than it is due. For a timer of a
 * different duration, use the clock itself.
 */
export class TimerQueue implements Pick<Clock, 'after'> {
  readonly #clock: Clock
  readonly #ms: number
  /**
   * The end of the circular list. It is never due, and ensures that each timer has two neighbors.
   */
  readonly #end = new QueuedTimer(Infinity, () => {})
  #isArmed = false

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  after(ms: number, fire: () => void): Timer {
    if (ms !== this.#ms) return this.#clock.after(ms, fire)
    const timer = new QueuedTimer(this.#clock.monotonicMs() + ms, fire)
    timer.insertBefore(this.#end)
    this.#arm()
    return timer
  }

  /** Sets the clock's timer for the first timer, unless it is already set. */
  #arm(): void {
    if (this.#isArmed || this.#end.next === this.#end) return
    this.#isArmed = true
    this.#clock.after(this.#end.next.dueMs - this.#clock.monotonicMs(), this.#fireDue)
  }

  readonly #fireDue = (): void => {
    this.#isArmed = false
    const nowMs = this.#clock.monotonicMs()
    try {
      for (let first = this.#end.next; first.dueMs <= nowMs; first = this.#end.next) {
        first.cancel()
        first.fire()
      }
    } finally {
      this.#arm()
    }
  }
}

/** A timer, and its neighbors in a circular list. */
class QueuedTimer implements Timer {
  readonly dueMs: number
  readonly fire: () => void
  next: QueuedTimer = this
  #previous: QueuedTimer = this

  constructor(dueMs: number, fire: () => void) {
    this.dueMs = dueMs
    this.fire = fire
  }

  insertBefore(next: QueuedTimer): void {
    this.next = next
    this.#previous = next.#previous
    this.#previous.next = this
    next.#previous = this
  }

  cancel(): void {
    this.#previous.next = this.next
    this.next.#previous = this.#previous
    // The caller may keep a reference to this timer. The timer must not keep its former neighbors
    // in memory.
    this.next = this
    this.#previous = this
  }
}
