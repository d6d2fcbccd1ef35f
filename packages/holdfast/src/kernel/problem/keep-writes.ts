import type { ProblemError } from './problem.ts'

/** A problem that a handler returns without undoing its writes. */
export class ProblemWithWrites {
  readonly #problem: ProblemError

  constructor(problem: ProblemError) {
    this.#problem = problem
  }

  /** Returns the problem. */
  static problemOf(answer: ProblemWithWrites): ProblemError {
    return answer.#problem
  }
}

/**
 * Returns an answer for a mutation that fails with a declared problem and still commits its writes,
 * such as the count of failed sign-ins. A thrown problem undoes them. A problem with status 408,
 * 425, 429 or at least 500 always undoes them, because the client may retry with the same key.
 *
 * @example
 * ```ts
 * const WrongPin = problem('wrong-pin', { status: 403, title: 'Wrong PIN' })
 * mutation({
 *   route: 'POST /pins',
 *   access: anyone('an example without sign-in'),
 *   problems: [WrongPin],
 *   async run({ db }) {
 *     await db.query(sql`update cards set failures = failures + 1`)
 *     return keepWrites(WrongPin())
 *   },
 * })
 * ```
 */
export function keepWrites(problem: ProblemError): ProblemWithWrites {
  return new ProblemWithWrites(problem)
}
