import type { IsolationLevel, TransactionLimits } from '../queries/begin-transaction.ts'
import type { TransactionCheck } from '../queries/check-transaction.ts'
import type { Connection } from '../session/connection.ts'
import type { Statement } from '../statement/statement.ts'
import type { AnswerWait } from '../session/answer-within.ts'
import type { TransactionOwner } from './transaction-failures.ts'

/** Options of a `Transaction`. */
export interface TransactionOptions {
  /** Time limits that Postgres enforces. */
  readonly limits: TransactionLimits
  /**
   * The operation or job whose handler writes through the transaction. Default: the framework
   * itself.
   */
  readonly owner?: TransactionOwner | undefined
  /** The tenant whose rows the statements may read and write. Default: no tenant. */
  readonly tenant?: string | undefined
  /**
   * True if the commit checks the marker and the schema epoch. Default true. False for transactions
   * that run only the framework's statements, which never end the transaction and work before and
   * after a migration.
   */
  readonly isChecked?: boolean
}

/** Statements that run together with BEGIN. */
export interface Opening {
  readonly isolation: IsolationLevel
  /** A statement that runs before BEGIN, in its own snapshot. Default: none. */
  readonly before?: Statement
  /** Sets the limits and the marker, and returns the schema epoch as `epoch`. */
  readonly first: Statement
  /** True if the commit may use {@link Commit.isUndone}. Default false. */
  readonly isUndoable?: boolean
  /** Sends a statement in the group of BEGIN, after `first`. Default: none. */
  readonly along?: (connection: Connection) => void
}

/** The rows that an {@link Opening} has returned. */
export interface Opened<First, Before> {
  readonly first: First
  readonly before: readonly Before[]
  /** True if a migration has made prepared statements stale since the last transaction. */
  readonly isNewEpoch: boolean
}

/** The end of a transaction. */
export interface Commit {
  /**
   * Statements that run after the gathered rows are written, or a function that returns them. The
   * function receives the conditions of the commit. The first statement that it returns checks
   * these conditions, and must not read gathered rows, because it may be joined with their inserts.
   * Default: none.
   */
  readonly last?: readonly Statement[] | ((check: TransactionCheck) => readonly Statement[])
  /**
   * True to undo all effects of the handler first, so that only `last` is stored. Default false.
   */
  readonly isUndone?: boolean
  /** A statement that runs after COMMIT, in the same round trip. Default: none. */
  readonly after?: Statement
  /** Max time to wait for the answer. Default: until the work's deadline. */
  readonly wait?: AnswerWait
}
