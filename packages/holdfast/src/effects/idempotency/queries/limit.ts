import { schemaEpoch } from '../../../storage/postgres/queries/read-schema-epoch.ts'
import { limitTransaction } from '../../../storage/postgres/queries/limit-transaction.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import {
  setMarker,
  type TransactionMarker,
} from '../../../storage/postgres/transaction/transaction-marker.ts'

/** Time limits of a transaction, in whole milliseconds, and its marker. */
export interface TransactionLimits {
  /** Timeout of a statement. */
  readonly timeoutMs: number
  /** Timeout of an idle period between two statements. */
  readonly idleTimeoutMs: number
  /** Timeout of the whole transaction. */
  readonly lifetimeMs: number
  /** Distinguishes the transaction from the next one in the same session. */
  readonly marker: TransactionMarker
}

/**
 * Sets the limits and the marker of a transaction without a key, and reads the schema epoch, in the
 * round trip of BEGIN.
 */
export function limit({ timeoutMs, idleTimeoutMs, lifetimeMs, marker }: TransactionLimits): Statement {
  return {
    name: 'holdfast_limit',
    text: `
      select
        set_config('statement_timeout', $1, true),
        set_config('idle_in_transaction_session_timeout', $2, true),
        ${limitTransaction('$3')},
        ${setMarker('$4')},
        ${schemaEpoch} as epoch`,
    values: [String(timeoutMs), String(idleTimeoutMs), String(lifetimeMs), marker.text],
  }
}
