/** The items that a reader took. */
export interface SpanBatch<T> {
  /** The items, in the order in which they were written. */
  readonly items: readonly T[]
  /** The number of items overwritten before this reader took them. */
  readonly lost: number
}

/** Reads a ring from the position where the reader was opened. */
export interface RingReader<T> {
  /** The number of items that this reader has not taken yet, including lost items. */
  readonly pending: number
  /** Returns the next items, at most `most`. */
  take(most: number): SpanBatch<T>
  /**
   * Calls `wake` once, as soon as `count` items are pending. Replaces an earlier `wakeAt`. `wake`
   * runs while an item is being written, so it must be fast.
   */
  wakeAt(count: number, wake: () => void): void
}

interface Waker {
  readonly at: number
  readonly wake: () => void
}

/** The storage of a ring's items. */
export interface Slots<Written, Read> {
  write(slot: number, item: Written): void
  read(slot: number): Read
}

/** Keeps the last items written, in a fixed amount of memory. Writers never wait for readers. */
export class Ring<Written, Read> {
  readonly #slots: Slots<Written, Read>
  readonly #size: number
  readonly #wakers = new Map<RingReader<Read>, Waker>()
  #written = 0
  #nextWake = Number.POSITIVE_INFINITY

  constructor(size: number, slots: Slots<Written, Read>) {
    this.#size = size
    this.#slots = slots
  }

  push(item: Written): void {
    this.#slots.write(this.#written % this.#size, item)
    this.#written += 1
    if (this.#written >= this.#nextWake) this.#wake()
  }

  /**
   * Opens a reader of the items written after this call. `from: 'oldest'` also includes the items
   * still in the ring.
   */
  openReader(from: 'now' | 'oldest' = 'now'): RingReader<Read> {
    let next = from === 'now' ? this.#written : Math.max(0, this.#written - this.#size)
    const pending = (): number => this.#written - next
    const reader: RingReader<Read> = {
      get pending() {
        return pending()
      },
      take: (most) => {
        const lost = Math.max(0, pending() - this.#size)
        next += lost
        const items: Read[] = []
        for (const end = next + Math.min(most, pending()); next < end; next += 1) {
          items.push(this.#slots.read(next % this.#size))
        }
        return { items, lost }
      },
      wakeAt: (count, wake) => {
        this.#wakers.set(reader, { at: next + count, wake })
        this.#wake()
      },
    }
    return reader
  }

  #wake(): void {
    const due = [...this.#wakers].filter(([, { at }]) => at <= this.#written)
    for (const [reader] of due) this.#wakers.delete(reader)
    this.#nextWake = Math.min(...this.#wakers.values().map(({ at }) => at))
    for (const [, { wake }] of due) wake()
  }
}
