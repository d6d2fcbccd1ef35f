/** Options of {@link SessionLifetimes}. */
export interface SessionLifetimesOptions {
  /** Max age of a session, in milliseconds. */
  readonly maxAgeMs: number
  /** Returns a monotonic time, in milliseconds. Default: `performance.now()`. */
  readonly nowMs?: () => number
  /** Returns a number from 0 to 1 for the jitter. Default: `Math.random`. */
  readonly random?: () => number
}

interface Lifetime {
  readonly openedMs: number
  readonly endsMs: number
}

/**
 * Jitter as a fraction of the max age, so that sessions that started together do not end together.
 */
const jitter = 0.25

/**
 * Decides which sessions of a pool are closed instead of reused.
 *
 * A session keeps the server that its host name resolved to when it started, and the settings that
 * its role and database had at that time. After a failover, or when a database leaves read-only
 * mode, each call on an older session would fail. Old sessions are replaced even if nothing fails:
 * new sessions follow a changed DNS name or load balancer, and closing a session frees the memory
 * of its backend.
 */
export class SessionLifetimes {
  readonly #lifetimes = new WeakMap<object, Lifetime>()
  readonly #maxAgeMs: number
  readonly #nowMs: () => number
  readonly #random: () => number
  #validFromMs = -Infinity

  constructor({ maxAgeMs, nowMs = () => performance.now(), random = Math.random }: SessionLifetimesOptions) {
    this.#maxAgeMs = maxAgeMs
    this.#nowMs = nowMs
    this.#random = random
  }

  /**
   * Records that a session was opened.
   *
   * @param openedMs The time at which it was given the address and the user of the server. Default:
   *   now.
   */
  opened(client: object, openedMs: number = this.#nowMs()): void {
    const endsMs = openedMs + this.#maxAgeMs * (1 - jitter * this.#random())
    this.#lifetimes.set(client, { openedMs, endsMs })
  }

  /** Retires all open sessions. Sessions in use are closed when they are released. */
  retireAll(): void {
    this.#validFromMs = this.#nowMs()
  }

  /** Returns whether a session is retired and must not be used. */
  isRetired(client: object): boolean {
    const lifetime = this.#lifetimes.get(client)
    return lifetime !== undefined && lifetime.openedMs <= this.#validFromMs
  }

  /** Returns whether a session must be closed on release: it was retired or is too old. */
  isExpired(client: object): boolean {
    const lifetime = this.#lifetimes.get(client)
    if (lifetime === undefined) return false
    return lifetime.openedMs <= this.#validFromMs || this.#nowMs() >= lifetime.endsMs
  }
}
