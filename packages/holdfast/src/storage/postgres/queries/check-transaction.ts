import type { Statement } from '../statement/statement.ts'

/** Conditions for a transaction to commit. */
export interface TransactionCheck {
  /** The text of its marker; `undefined` if the transaction has none. */
  readonly marker: string | undefined
  /** The schema epoch in which it began; `undefined` if a different one does no harm. */
  readonly epoch: number | undefined
}

/**
 * Returns an SQL expression that is true if the check passes, and fails the transaction otherwise.
 */
export function transactionHolds(marker: string, epoch: string): string {
  return `holdfast.check_transaction(${marker}, ${epoch})`
}

/**
 * Returns a statement that fails the transaction if it is not the one that was begun, with SQLSTATE
 * HF002; or, with a retryable error, if a migration was committed since it began.
 */
export function checkTransaction({ marker, epoch }: TransactionCheck): Statement {
  return {
    name: 'holdfast_check_transaction',
    text: `select ${transactionHolds('$1', '$2')}`,
    values: [marker, epoch],
  }
}
