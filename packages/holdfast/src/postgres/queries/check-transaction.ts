import type { Statement } from '../statement.ts'

/** What has to hold when a transaction commits. */
export interface TransactionCheck {
  /** The text of its marker; `undefined` outside of a transaction that has one. */
  readonly marker: string | undefined
  /** The schema epoch that it began in; `undefined` if another one does no harm. */
  readonly epoch: number | undefined
}

/** SQL that is true if the check holds, and fails the transaction otherwise. */
export function transactionHolds(marker: string, epoch: string): string {
  return `holdfast.check_transaction(${marker}, ${epoch})`
}

/**
 * Fails the transaction if it is not the one that was begun, with SQLSTATE HF002; or, as one that is worth running again, if a
 * migration has been committed since it began.
 */
export function checkTransaction({ marker, epoch }: TransactionCheck): Statement {
  return {
    name: 'holdfast_check_transaction',
    text: `select ${transactionHolds('$1', '$2')}`,
    values: [marker, epoch],
  }
}
