// Few, so that the session of a connection has mostly been given the one of its next statement.
const limitsMs = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
const minuteMs = 60_000
// The request to cancel, which is exact, comes first.
const slackMs = 250

/**
 * For how long the sessions of a pool let a statement run that stands alone. Postgres has to end it where its process cannot: one that stands
 * still, or whose network is cut. A session keeps its limit, so that it need not be told with each statement.
 */
export class SessionLimits {
  readonly #limitsMs = new WeakMap<object, number>()

  /** What a session has to be told before a statement with this much time left, in milliseconds; `undefined` where it knows. */
  renew(client: object, remainingMs: number): number | undefined {
    const limitMs = statementLimitMs(remainingMs)
    if (this.#limitsMs.get(client) === limitMs) return undefined
    this.#limitsMs.set(client, limitMs)
    return limitMs
  }

  /** Takes notice that a session could not be told. */
  forget(client: object): void {
    this.#limitsMs.delete(client)
  }
}

/** For how long a statement may run whose caller waits this long, in milliseconds. */
export function statementLimitMs(remainingMs: number): number {
  const limitMs =
    limitsMs.find((candidateMs) => candidateMs >= remainingMs) ?? Math.ceil(remainingMs / minuteMs) * minuteMs
  return limitMs + slackMs
}
