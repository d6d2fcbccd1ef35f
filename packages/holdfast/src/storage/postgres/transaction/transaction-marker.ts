import { sqlStateOf } from '../errors/sql-state.ts'

/**
 * Distinguishes a transaction from the next transaction in the same session.
 *
 * In the round trip of its BEGIN, the transaction sets `holdfast.transaction` to its marker. The
 * setting is local to the transaction. The statements that store a call's key or end a job fail
 * unless the setting still has that value. Anything that ends the transaction early, with or
 * without `AND CHAIN`, also removes the setting: after that, nothing can be committed.
 *
 * Returns the SQL that sets the marker from a parameter.
 */
export function setMarker(parameter: string): string {
  return `set_config('holdfast.transaction', ${parameter}, true)`
}

/** Returns whether a commit failed because a statement had already ended the transaction. */
export function isOtherTransaction(error: unknown): boolean {
  return sqlStateOf(error) === 'HF002'
}
