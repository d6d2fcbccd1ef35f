// Few, so that the session of a connection has mostly been given the one of its next statement.
const limitsMs = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
const minuteMs = 60_000
// The request to cancel, which is exact, comes first.
const slackMs = 250

/**
 * The `statement_timeout` of the sessions that queries read through. Postgres has to end a statement where its process cannot: one that stands
 * still, or whose network is cut. A limit is at least the time that the statement's caller still waits, so it ends no statement early. That
 * no limit of another call can end it follows from these:
 *
 * 1. A session starts with the pool's own limit, in its startup packet.
 * 2. Its limit is only known here once the reset that set it was confirmed. A session whose reset was not confirmed is closed, and so
 *    never reaches another call.
 * 3. A statement runs in a session whose known limit is that of its own remaining time, or behind a statement of the same flush that sets it;
 *    if that one fails, whatever the statement came to is thrown away.
 * 4. What a handler's statement itself sets, also within a function, is undone by the reset behind it.
 * 5. The limits of mutations and jobs are local to their transactions: they are set after BEGIN and end with COMMIT or ROLLBACK. Should
 *    BEGIN have failed, they end with the statement that set them.
 */
export class SessionLimits {
  readonly #limitsMs = new WeakMap<object, number>()

  /** Whether a session is known to have a limit, in milliseconds. */
  isLimitedTo(client: object, limitMs: number): boolean {
    return this.#limitsMs.get(client) === limitMs
  }

  /** Takes notice of the limit that a confirmed reset has left; `undefined` for the one that the session started with. */
  note(client: object, limitMs: number | undefined): void {
    if (limitMs === undefined) this.#limitsMs.delete(client)
    else this.#limitsMs.set(client, limitMs)
  }
}

/** For how long a statement may run whose caller waits this long, in milliseconds. */
export function statementLimitMs(remainingMs: number): number {
  const limitMs =
    limitsMs.find((candidateMs) => candidateMs >= remainingMs) ?? Math.ceil(remainingMs / minuteMs) * minuteMs
  return limitMs + slackMs
}
