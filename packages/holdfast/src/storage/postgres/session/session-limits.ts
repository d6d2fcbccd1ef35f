// Only a few values, so that the session usually has the limit of its next statement already.
const limitsMs = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
const minuteMs = 60_000
// Margin added to each limit, so that the cancel request, which is exact, comes first.
const slackMs = 250

/**
 * The `statement_timeout` of the sessions that queries read through. Postgres must end a statement
 * if its process cannot: the process hangs, or its network is cut. A limit is at least the
 * remaining time of the caller, so it does not end a statement early. A limit of another call never
 * applies, because:
 *
 * 1. A session starts with the pool's limit, from its startup packet.
 * 2. A limit is recorded here only after the reset that set it was confirmed. A session whose reset
 *    was not confirmed is closed, and never reaches another call.
 * 3. A statement runs in a session whose recorded limit is the one for its remaining time, or after
 *    a statement in the same flush that sets this limit. If setting the limit fails, the result of
 *    the statement is discarded.
 * 4. A limit that a handler's statement sets, also within a function, is undone by the reset after
 *    the statement.
 * 5. The limits of mutations and jobs are local to their transactions: they are set after BEGIN and
 *    end with COMMIT or ROLLBACK. If BEGIN fails, they end with the statement that set them.
 */
export class SessionLimits {
  readonly #limitsMs = new WeakMap<object, number>()

  /** Returns whether a session has this limit, in milliseconds, as far as known. */
  isLimitedTo(client: object, limitMs: number): boolean {
    return this.#limitsMs.get(client) === limitMs
  }

  /**
   * Records the limit after a confirmed reset; `undefined` for the one that the session started
   * with.
   */
  note(client: object, limitMs: number | undefined): void {
    if (limitMs === undefined) this.#limitsMs.delete(client)
    else this.#limitsMs.set(client, limitMs)
  }
}

/** Returns the statement timeout for a caller that waits for `remainingMs`, in milliseconds. */
export function statementLimitMs(remainingMs: number): number {
  const limitMs =
    limitsMs.find((candidateMs) => candidateMs >= remainingMs) ?? Math.ceil(remainingMs / minuteMs) * minuteMs
  return limitMs + slackMs
}
