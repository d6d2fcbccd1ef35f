/** A timer of a {@link Clock}. */
export interface Timer {
  /** Cancels the timer. No-op after it has fired. */
  cancel(): void
}

/** The framework's source of time, which tests replace. */
export interface Clock {
  /**
   * Returns milliseconds since the Unix epoch, for display and storage. Can go backwards when the
   * machine's clock is set.
   */
  now(): number
  /** Returns milliseconds on a clock that never goes back, to measure durations. */
  monotonicMs(): number
  /** Calls `fire` once after `ms` milliseconds. A pending timer does not keep the process alive. */
  after(ms: number, fire: () => void): Timer
}

// For a longer delay, `setTimeout` would fire immediately. The max is about 24 days.
const maxMs = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, fire) {
    const handle: unknown = setTimeout(fire, Math.min(ms, maxMs))
    // Only Node, Bun and Deno have `unref`. In other runtimes, timers do not keep the process alive
    // anyway.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref()
    return { cancel: () => clearTimeout(handle as number) }
  },
}
