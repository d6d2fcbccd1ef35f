import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { sqlStateOf } from '../errors/sql-state.ts'

/**
 * Distinguishes a transaction from the next one in the same session.
 *
 * The transaction sets `holdfast.transaction` to the marker's text, local to itself, in the round
 * trip of its BEGIN. The statement that stores its key, and the one that ends its job, fail unless
 * the setting still has that text. Anything that ends the transaction early, with or without `AND
 * CHAIN`, also removes the setting: after that, nothing can be committed.
 */
export class TransactionMarker {
  static #count = 0
  /** The value of the setting. */
  readonly text: string = String((TransactionMarker.#count += 1))
  #hasEnded = false

  /**
   * Records that a statement of the handler has ended the transaction. Returns the error for that
   * statement.
   */
  end(): HoldfastError {
    this.#hasEnded = true
    return transactionEnded()
  }

  /** Whether a statement of the handler has ended the transaction. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }
}

/** Returns the SQL that sets the marker for a transaction from a parameter. */
export function setMarker(parameter: string): string {
  return `set_config('holdfast.transaction', ${parameter}, true)`
}

/**
 * Returns whether a transaction could not commit because it is no longer the one that was begun.
 */
export function isOtherTransaction(error: unknown): boolean {
  return sqlStateOf(error) === 'HF002'
}

/**
 * Returns the error of a transaction that was ended by a statement in it.
 *
 * @param who the operation or job. Default: unknown.
 */
export function transactionEnded(who = 'A handler', cause?: unknown): HoldfastError {
  return new HoldfastError(
    'transaction-control',
    `${who} ended its transaction by itself, which commits with its idempotency key or the end of its job. What was written before that may be committed without. Take the COMMIT or ROLLBACK out of its statements.`,
    cause === undefined ? {} : { cause },
  )
}
