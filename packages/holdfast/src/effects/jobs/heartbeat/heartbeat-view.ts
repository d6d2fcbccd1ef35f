const nanosPerMs = 1_000_000n

// The indexes of the values in the shared memory. All times are nanoseconds of the monotonic clock,
// which is the same in all threads of a machine.
const turnedAt = 0
const allowedSilence = 1
const beatSentAt = 2
const reachableSince = 3
const length = 4

/**
 * Memory that the main thread of a worker shares with its heartbeat thread. Each side reads the
 * other's values without a message, so neither waits for the other's event loop.
 *
 * All times are monotonic: a change of the wall clock neither ends nor extends a lease.
 */
export class HeartbeatView {
  readonly memory: SharedArrayBuffer
  readonly #values: BigInt64Array<SharedArrayBuffer>
  readonly #now: () => bigint

  /** `now` returns nanoseconds of the monotonic clock; tests replace it. */
  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(length * BigInt64Array.BYTES_PER_ELEMENT),
    now: () => bigint = () => process.hrtime.bigint(),
  ) {
    this.memory = memory
    this.#values = new BigInt64Array(memory)
    this.#now = now
  }

  /** Records that the event loop of the main thread is running. */
  turned(): void {
    Atomics.store(this.#values, turnedAt, this.#now())
  }

  /** Sets how long the event loop may be silent before the heartbeats stop, in milliseconds. */
  allowSilence(ms: number): void {
    Atomics.store(this.#values, allowedSilence, BigInt(Math.ceil(ms)) * nanosPerMs)
  }

  /** Time for which the event loop has been silent, in milliseconds. */
  get silentMs(): number {
    return this.#sinceMs(turnedAt)
  }

  /** True if the event loop has been silent for longer than allowed. */
  get isSilentTooLong(): boolean {
    return this.#now() - Atomics.load(this.#values, turnedAt) > Atomics.load(this.#values, allowedSilence)
  }

  /**
   * Starts a heartbeat. Returns its time, for {@link confirmed}: the lease begins at this time, not
   * when the reply arrives.
   */
  startHeartbeat(): bigint {
    return this.#now()
  }

  /** Records that the heartbeat sent at `sentAt` has reached the database. */
  confirmed(sentAt: bigint): void {
    Atomics.store(this.#values, beatSentAt, sentAt)
    Atomics.compareExchange(this.#values, reachableSince, 0n, sentAt)
  }

  /** Records that a heartbeat failed. */
  failed(): void {
    Atomics.store(this.#values, reachableSince, 0n)
  }

  /**
   * Time since the last successful heartbeat was sent, in milliseconds. Heartbeats are successful
   * if they reach the database.
   */
  get sinceHeartbeatMs(): number {
    return this.#sinceMs(beatSentAt)
  }

  /**
   * Duration of the current run of successful heartbeats, in milliseconds; 0 if the last heartbeat
   * failed.
   */
  get reachableForMs(): number {
    return Atomics.load(this.#values, reachableSince) === 0n ? 0 : this.#sinceMs(reachableSince)
  }

  #sinceMs(index: number): number {
    return Number(this.#now() - Atomics.load(this.#values, index)) / Number(nanosPerMs)
  }
}
