/**
 * Decides which sessions of a pool are closed instead of being used again.
 *
 * A session keeps what it started with: the server that its name led to, and the settings that the
 * role and the database had then. After a failover, or when a database leaves read-only mode, the
 * sessions of before would fail each call that they are taken for.
 */
export class SessionLifetimes {
  readonly #openedMs = new WeakMap<object, number>()
  #validFromMs = -1

  /** Records that a session was opened. */
  opened(client: object): void {
    this.#openedMs.set(client, performance.now())
  }

  /** Retires all sessions that are open. Those in use are closed when they are released. */
  retireAll(): void {
    this.#validFromMs = performance.now()
  }

  /** Returns whether a session is to be closed. */
  isOver(client: object): boolean {
    return (this.#openedMs.get(client) ?? -1) <= this.#validFromMs
  }
}
