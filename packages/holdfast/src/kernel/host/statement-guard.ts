import type { Logger } from '../base/log.ts'

/** Checks the statements of one run of a handler. */
export interface StatementGuard {
  /** Max number of rows that one statement may return. */
  readonly maxRows: number
  /**
   * Records a statement before it runs. Returns the file and line that runs the statement, or
   * `undefined` in production.
   *
   * @throws HoldfastError `statement-budget-exceeded` or `query-repeated`, if violations are
   * errors.
   */
  before(text: string, values: readonly unknown[] | undefined): string | undefined
  /** Returns the error for a statement that returns too many rows. */
  tooManyRows(text: string, values: readonly unknown[] | undefined): Error
}

/** The handling of repeated, excessive and unbounded statements, outside production. */
export interface StatementWatch {
  /** True if a violation throws; false if it logs a warning. */
  readonly refuses: boolean
  /**
   * Returns the nearest file and line of the program on the stack; `undefined` if there is none.
   */
  readonly callerLineOf: () => string | undefined
  /** The logger of the warnings. Default: the call's log. */
  readonly log?: Logger
}
