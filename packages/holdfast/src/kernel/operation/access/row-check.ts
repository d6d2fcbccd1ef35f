import type { Caller } from '../caller.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ProblemError } from '../../problem/problem.ts'

/** The parts of a call that a row rule receives, besides the caller. */
export interface RowRequest<out Input = unknown, out Db = unknown, out Values = unknown> {
  /** The validated input. */
  readonly input: Input
  /** The database of the handler: the session of a query, the transaction of a mutation. */
  readonly db: Db
  /**
   * True in a mutation. The rule then locks the row (`for update`), so that no other transaction
   * changes it before the mutation commits.
   */
  readonly locks: boolean
  /** The values of the settings declared in `holdfast({ settings })`. */
  readonly settings: Values
  /** The clock of the service. */
  readonly clock: Clock
  /** Logs lines with the request id and the operation's name. */
  readonly log: Logger
  /** Aborted when the deadline has passed or the client has disconnected. */
  readonly signal: AbortSignal
}

/** The caller and the row of an admitted call. */
export interface Admitted<out C extends Caller, out Row> {
  readonly caller: C
  readonly row: Row
}

/**
 * The second part of a decision, which depends on the validated input and a row. Runs in each
 * attempt of a mutation, so it keeps no state.
 */
export class RowCheck<out C extends Caller = Caller, out Row = unknown, in Input = never> {
  /** The caller that the first part has admitted. */
  readonly caller: C
  /** Returns the caller and the row, or the problem to answer with. */
  readonly check: (request: RowRequest<Input>) => Promise<Admitted<C, Row> | ProblemError>

  constructor(caller: C, check: (request: RowRequest<Input>) => Promise<Admitted<C, Row> | ProblemError>) {
    this.caller = caller
    this.check = check
  }
}
