import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The operation or job whose handler writes through a transaction. */
export interface TransactionOwner {
  readonly name: string
  /** The file and line of the definition. */
  readonly definedAt: string
}

/** Returns the error of a statement that ran after its handler had ended. */
export function transactionOver(owner: TransactionOwner | undefined): HoldfastError {
  return new HoldfastError(
    'db-used-after-call',
    `A statement was run with the \`db\` of ${describe(owner)}, whose handler has ended. Await every statement within the handler.`,
  )
}

/** Returns the error of a transaction ended by one of its own statements. */
export function transactionEnded(owner: TransactionOwner | undefined, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'transaction-control',
    `The transaction of ${describe(owner)} was ended by one of its statements. The framework must commit it, together with the idempotency key or the end of the job. Earlier writes may have been committed without the key or the end of the job. Remove the COMMIT or ROLLBACK from the statements.`,
    cause === undefined ? {} : { cause },
  )
}

/**
 * Returns the error for a handler that caught a statement's error and continued in the failed
 * transaction.
 */
export function transactionAborted(owner: TransactionOwner | undefined, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'transaction-aborted',
    `A statement of ${describe(owner)} failed and its error was caught, so the transaction cannot commit. Do not catch the error, or run the statement in a savepoint (db.transaction(…) in Drizzle).`,
    cause === undefined ? {} : { cause },
  )
}

/** Returns the error of a transaction that committed without one of its last statements. */
export function partlyCommitted(owner: TransactionOwner | undefined, cause: unknown): HoldfastError {
  return new HoldfastError(
    'key-not-stored',
    `The transaction of ${describe(owner)} was committed without its idempotency key, its jobs or its messages, because the driver did not send them. A retry would repeat its effects.`,
    { cause },
  )
}

function describe(owner: TransactionOwner | undefined): string {
  return owner ? `${owner.name} (${owner.definedAt})` : 'a background task'
}
