import { schemaEpoch } from '../../postgres/queries/read-schema-epoch.ts'
import { limitTransaction } from '../../postgres/queries/limit-transaction.ts'
import type { Statement } from '../../postgres/statement.ts'
import { setMarker, type TransactionMarker } from '../../postgres/transaction-marker.ts'

/** How long a transaction and its parts may take, in whole milliseconds, and what marks it. */
export interface TransactionLimits {
  /** A statement. */
  readonly timeoutMs: number
  /** A pause between two statements. */
  readonly idleTimeoutMs: number
  /** All of it. */
  readonly lifetimeMs: number
  /** Tells the transaction from the one behind it. */
  readonly marker: TransactionMarker
}

/** Begins a transaction without a key: sets its time limits and its marker, and reads the schema epoch, in the round trip of BEGIN. */
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
