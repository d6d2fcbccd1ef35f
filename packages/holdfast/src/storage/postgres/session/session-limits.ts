// Only a few limits are used, so a session usually already has the limit that its next statement
// needs.
const limitsMs = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
const minuteMs = 60_000
// Margin added to each limit, so that the cancel request at the exact deadline comes first.
const slackMs = 250

/**
 * The `statement_timeout` of the sessions that queries read through. If the process hangs, or if
 * its network is cut, Postgres must end the statement. A limit is at least the remaining time of
 * the caller, so it does not end a statement early. The limit of one call never applies to another
 * call, because:
 *
 * 1. A session starts with the pool's limit, from its startup packet.
 * 2. A limit is recorded here only after the reset that set it was confirmed. A session whose reset
 *    was not confirmed is closed, and never reaches another call.
 * 3. If the recorded limit of a session does not fit the caller's remaining time, a statement in
 *    the same flush sets the limit first. If setting the limit fails, the result of the statement
 *    is discarded.
 * 4. If a handler's statement sets a limit, even within a function, the reset after the statement
 *    undoes it.
 * 5. The limits of mutations and jobs are local to their transactions: they are set after BEGIN and
 *    end with COMMIT or ROLLBACK. If BEGIN fails, the limits apply only to the statement
 *    that sets them.
 */
export class SessionLimits {
  readonly #limitsMs = new WeakMap<object, number>()

  /** Returns whether the recorded limit of a session is `limitMs`. */
  isLimitedTo(client: object, limitMs: number): boolean {
    return this.#limitsMs.get(client) === limitMs
  }

  /**
   * Records the limit after a confirmed reset; `undefined` for the limit that the session started
   * with.
   */
  note(client: object, limitMs: number | undefined): void {
    if (limitMs === undefined) this.#limitsMs.delete(client)
    else this.#limitsMs.set(client, limitMs)
  }
}

/** Returns the statement timeout, in milliseconds, for a caller that waits for `remainingMs`. */
export function statementLimitMs(remainingMs: number): number {
  const limitMs =
    limitsMs.find((candidateMs) => candidateMs >= remainingMs) ?? Math.ceil(remainingMs / minuteMs) * minuteMs
  return limitMs + slackMs
}
