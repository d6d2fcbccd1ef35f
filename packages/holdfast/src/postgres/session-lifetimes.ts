/** Options of {@link SessionLifetimes}. */
export interface SessionLifetimesOptions {
  /** Max age of a session, in milliseconds. */
  readonly maxAgeMs: number
  /** Returns a time that never goes back, in milliseconds. Default: that of the process. */
  readonly nowMs?: () => number
  /** Returns a number from 0 to 1 for the jitter. Default: a random one. */
  readonly random?: () => number
}

interface Lifetime {
  readonly openedMs: number
  readonly endsMs: number
}

/** The part of the max age by which sessions differ, so that those that started together do not end together. */
const jitter = 0.25

/**
 * Decides which sessions of a pool are closed instead of being used again.
 *
 * A session keeps what it started with: the server that its name led to, and the settings that the
 * role and the database had then. After a failover, or when a database leaves read-only mode, the
 * sessions of before would fail each call that they are taken for. Those that get old are replaced
 * even if nothing fails: they follow a changed name or load balancer, and their backends return the
 * memory that they have gathered.
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

  /** Records that a session was opened. */
  opened(client: object): void {
    const openedMs = this.#nowMs()
    const endsMs = openedMs + this.#maxAgeMs * (1 - jitter * this.#random())
    this.#lifetimes.set(client, { openedMs, endsMs })
  }

  /** Retires all sessions that are open. Those in use are closed when they are released. */
  retireAll(): void {
    this.#validFromMs = this.#nowMs()
  }

  /** Returns whether a session was retired, and must not be used. */
  isRetired(client: object): boolean {
    const lifetime = this.#lifetimes.get(client)
    return lifetime !== undefined && lifetime.openedMs <= this.#validFromMs
  }

  /** Returns whether a session that is released is to be closed: it was retired, or is too old. */
  isOver(client: object): boolean {
    const lifetime = this.#lifetimes.get(client)
    if (lifetime === undefined) return false
    return lifetime.openedMs <= this.#validFromMs || this.#nowMs() >= lifetime.endsMs
  }
}
