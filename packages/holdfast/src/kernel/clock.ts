/** A timer that was set on a {@link Clock}. */
export interface Timer {
  /** Forgets the timer; does nothing once it has fired. */
  cancel(): void
}

/** The framework's source of time, which a test can hold. */
export interface Clock {
  /** Milliseconds since the Unix epoch, to show and to store. A machine may set this clock back. */
  now(): number
  /** Milliseconds on a clock that never goes back, to measure what has passed and what is left. */
  monotonicMs(): number
  /** Calls `fire` once after `ms` milliseconds. A pending timer does not keep the process alive. */
  after(ms: number, fire: () => void): Timer
}

// A longer timer would fire at once; nobody waits for 24 days.
const longestMs = 2 ** 31 - 1

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, fire) {
    const handle: unknown = setTimeout(fire, Math.min(ms, longestMs))
    // Only Node, Bun and Deno have unref; a worker's timers never keep anything alive.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref()
    return { cancel: () => clearTimeout(handle as number) }
  },
}
