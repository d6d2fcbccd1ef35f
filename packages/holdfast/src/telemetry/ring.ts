/** What a reader was given. */
export interface Taken<T> {
  /** In the order in which they were written. */
  readonly items: readonly T[]
  /** How many were overwritten before this reader came to them. */
  readonly lost: number
}

/** Reads a ring from the place where it was opened on. */
export interface RingReader<T> {
  /** How many it has not taken yet, those included that are lost by now. */
  readonly pending: number
  /** Gives the next ones, `most` at most. */
  take(most: number): Taken<T>
  /**
   * Calls `wake` once, as soon as `count` are pending; in place of what it was to call before. That is where an item is
   * written: it must be quick.
   */
  wakeAt(count: number, wake: () => void): void
}

interface Waker {
  readonly at: number
  readonly wake: () => void
}

/** The places in which a ring keeps its items. */
export interface Slots<Written, Read> {
  write(slot: number, item: Written): void
  read(slot: number): Read
}

/** Keeps the last items that were written, in a memory of fixed size. Writers never wait for readers. */
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

  /** Opens a reader, of what is written from now on, or also of what the ring still holds. */
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
