import { schemaEpoch } from './read-schema-epoch.ts'
import { limitTransaction } from './limit-transaction.ts'
import type { Statement } from '../statement/statement.ts'
import { setMarker, type TransactionMarker } from '../transaction/transaction-marker.ts'

/**
 * Returns the statements that begin a transaction with a max duration of `limitMs`, set its marker
 * and read the schema epoch. They are sent in one round trip.
 */
export function beginTransaction(
  limitMs: number,
  { text: marker }: TransactionMarker,
): readonly [begin: Statement, limits: Statement] {
  return [
    // Explicit, so that the level does not depend on a default of the role or database.
    { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' },
    {
      name: 'holdfast_limit_job',
      text: `
        select
          set_config('statement_timeout', $1, true),
          set_config('idle_in_transaction_session_timeout', $1, true),
          ${limitTransaction('$1')},
          ${setMarker('$2')},
          ${schemaEpoch} as epoch`,
      values: [String(Math.max(1, Math.ceil(limitMs))), marker],
    },
  ]
}
