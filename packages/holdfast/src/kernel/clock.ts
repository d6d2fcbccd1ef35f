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

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fire) {
    const handle: unknown = setTimeout(fire, ms)
    // Only Node, Bun and Deno have unref; a worker's timers never keep anything alive.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref()
    return { cancel: () => clearTimeout(handle as number) }
  },
}
