import { HoldfastError } from '../kernel/holdfast-error.ts'
import { sqlStateOf } from './sql-state.ts'

/**
 * Tells one transaction from the one behind it in the same session.
 *
 * The transaction sets `holdfast.transaction` to the marker's text, for itself alone, in the round trip of its BEGIN. The
 * statement that stores its key, and the one that ends its job, fail unless the setting still has that text. Whatever ends
 * the transaction early, with `AND CHAIN` or without, takes the setting with it: nothing more can be committed then.
 */
export class TransactionMarker {
  static #count = 0
  /** The value of the setting. */
  readonly text: string = String((TransactionMarker.#count += 1))
  #hasEnded = false

  /** Notes that the transaction has been ended by a statement of its handler, and returns what that fails with. */
  end(): HoldfastError {
    this.#hasEnded = true
    return transactionEnded()
  }

  /** Whether the transaction has been ended by a statement of its handler. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }
}

/** SQL that sets the marker for a transaction, out of a parameter. */
export function setMarker(parameter: string): string {
  return `set_config('holdfast.transaction', ${parameter}, true)`
}

/** Returns whether a transaction could not commit because it is not the one that was begun. */
export function isOtherTransaction(error: unknown): boolean {
  return sqlStateOf(error) === 'HF002'
}

/**
 * Returns the failure of a transaction that was ended by a statement in it.
 *
 * @param who the operation or job. Default: not known.
 */
export function transactionEnded(who = 'A handler', cause?: unknown): HoldfastError {
  return new HoldfastError(
    'transaction-control',
    `${who} ended its transaction by itself, which commits with its idempotency key or the end of its job. What was written before that may be committed without. Take the COMMIT or ROLLBACK out of its statements.`,
    cause === undefined ? {} : { cause },
  )
}
