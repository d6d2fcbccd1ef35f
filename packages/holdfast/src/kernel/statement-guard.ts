import type { Logger } from './log.ts'

/** Watches the statements of one run of a handler. */
export interface StatementGuard {
  /** How many rows one statement may give. */
  readonly maxRows: number
  /**
   * A statement is about to run. Returns the file and line that runs it, outside of production.
   *
   * @throws HoldfastError `budget-exceeded` or `query-repeated`, where these are refused.
   */
  before(text: string, values: readonly unknown[] | undefined): string | undefined
  /** What a statement fails with that gives more rows. */
  tooManyRows(text: string, values: readonly unknown[] | undefined): Error
}

/** How a service takes notice of statements that repeat, are too many or have no bound, outside of production. */
export interface StatementWatch {
  /** Whether what repeats or is too much fails, rather than being told of in the log. */
  readonly refuses: boolean
  /** The nearest file and line of the program that is on the stack; `undefined` where none is. */
  readonly placeOf: () => string | undefined
  /** Takes what is told of. Default: the log of the call. */
  readonly log?: Logger
}
