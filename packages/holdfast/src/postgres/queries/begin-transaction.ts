import { schemaEpoch } from './read-schema-epoch.ts'
import { limitTransaction } from './limit-transaction.ts'
import type { Statement } from '../statement.ts'
import { setMarker, type TransactionMarker } from '../transaction-marker.ts'

/**
 * Begins a transaction that lives no longer than `limitMs`, sets its marker and reads the schema epoch, in one round trip.
 */
export function beginTransaction(
  limitMs: number,
  { text: marker }: TransactionMarker,
): readonly [begin: Statement, limits: Statement] {
  return [
    // The level does not depend on what a role or a database has as its default.
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
