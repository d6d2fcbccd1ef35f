/** A timer that was set on a {@link Clock}. */
export interface Timer {
  /** Forgets the timer; does nothing once it has fired. */
  cancel(): void
}

/** Where the framework takes the time from, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `fire` once after `ms` milliseconds. A pending timer does not keep the process alive. */
  after(ms: number, fire: () => void): Timer
}

// A longer timer would fire at once; nobody waits for 24 days.
const longestMs = 2 ** 31 - 1

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fire) {
    const handle: unknown = setTimeout(fire, Math.min(ms, longestMs))
    // Only Node, Bun and Deno have unref; a worker's timers never keep anything alive.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref()
    return { cancel: () => clearTimeout(handle as number) }
  },
}
