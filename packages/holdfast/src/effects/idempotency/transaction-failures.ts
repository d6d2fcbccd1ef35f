import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/**
 * Returns the error of a handler that continued after a statement of its transaction had failed.
 */
export function transactionAborted({ name, place }: CompiledOperation): HoldfastError {
  return new HoldfastError(
    'transaction-aborted',
    `A statement of ${name} (${place}) failed and its error was caught, so that the transaction cannot commit. Let the error through, or run the statement in a savepoint (db.transaction(…) in Drizzle).`,
  )
}
