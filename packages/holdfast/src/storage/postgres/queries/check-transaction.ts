import type { Statement } from '../statement/statement.ts'

/** Conditions for a transaction to commit. */
export interface TransactionCheck {
  /** The text of the transaction's marker; `undefined` if the transaction has no marker. */
  readonly marker: string | undefined
  /**
   * The schema epoch in which the transaction began; `undefined` if the transaction may commit in
   * any epoch.
   */
  readonly epoch: number | undefined
}

/**
 * Returns an SQL expression that is true if the check passes, and fails the transaction otherwise.
 */
export function transactionHolds(marker: string, epoch: string): string {
  return `holdfast.check_transaction(${marker}, ${epoch})`
}

/**
 * Returns a statement that fails with SQLSTATE HF002 if it runs in a different transaction, because
 * the original one has ended, and with a retryable error if a migration was committed after the
 * transaction began.
 */
export function checkTransaction({ marker, epoch }: TransactionCheck): Statement {
  return {
    name: 'holdfast_check_transaction',
    text: `select ${transactionHolds('$1', '$2')}`,
    values: [marker, epoch],
  }
}
