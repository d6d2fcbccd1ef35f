const nanosPerMs = 1_000_000n

// The places of the values in the memory. All times are nanoseconds of the monotonic clock, which all threads of a machine share.
const turnedAt = 0
const allowedSilence = 1
const beatSentAt = 2
const reachableSince = 3
const length = 4

/**
 * Memory that the main thread of a worker shares with the thread that sends its heartbeats. Each side reads what the other
 * wrote without a message, so that neither has to wait for the other's event loop.
 *
 * Times are those of the monotonic clock: a change of the wall clock neither ends a lease nor extends one.
 */
export class HeartbeatView {
  readonly memory: SharedArrayBuffer
  readonly #values: BigInt64Array<SharedArrayBuffer>
  readonly #now: () => bigint

  /** `now`: nanoseconds of the monotonic clock; a test holds it. */
  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(length * BigInt64Array.BYTES_PER_ELEMENT),
    now: () => bigint = () => process.hrtime.bigint(),
  ) {
    this.memory = memory
    this.#values = new BigInt64Array(memory)
    this.#now = now
  }

  /** Records that the main thread's event loop turns. */
  turned(): void {
    Atomics.store(this.#values, turnedAt, this.#now())
  }

  /** Sets how long the event loop may be silent before the heartbeats stop, in milliseconds. */
  allowSilence(ms: number): void {
    Atomics.store(this.#values, allowedSilence, BigInt(Math.ceil(ms)) * nanosPerMs)
  }

  /** How long the event loop has been silent, in milliseconds. */
  get silentMs(): number {
    return this.#sinceMs(turnedAt)
  }

  /** Whether the event loop has been silent for longer than it may. */
  get isSilentTooLong(): boolean {
    return this.#now() - Atomics.load(this.#values, turnedAt) > Atomics.load(this.#values, allowedSilence)
  }

  /** Starts a heartbeat: the time to give to {@link confirmed}. The lease counts from here, not from the answer. */
  startBeat(): bigint {
    return this.#now()
  }

  /** Records that the database has a heartbeat that was sent at this time. */
  confirmed(sentAt: bigint): void {
    Atomics.store(this.#values, beatSentAt, sentAt)
    Atomics.compareExchange(this.#values, reachableSince, 0n, sentAt)
  }

  /** Records that a heartbeat failed. */
  failed(): void {
    Atomics.store(this.#values, reachableSince, 0n)
  }

  /** How long ago the last heartbeat was sent that the database has, in milliseconds. */
  get sinceBeatMs(): number {
    return this.#sinceMs(beatSentAt)
  }

  /** How long all heartbeats have reached the database, in milliseconds; 0 if the last one failed. */
  get reachableForMs(): number {
    return Atomics.load(this.#values, reachableSince) === 0n ? 0 : this.#sinceMs(reachableSince)
  }

  #sinceMs(place: number): number {
    return Number(this.#now() - Atomics.load(this.#values, place)) / Number(nanosPerMs)
  }
}
