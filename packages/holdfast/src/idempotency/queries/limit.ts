import { schemaEpoch } from '../../postgres/queries/read-schema-epoch.ts'
import { limitTransaction } from '../../postgres/queries/limit-transaction.ts'
import type { Statement } from '../../postgres/statement.ts'

/** How long a transaction and its parts may take, in whole milliseconds. */
export interface TransactionLimits {
  /** A statement. */
  readonly timeoutMs: number
  /** A pause between two statements. */
  readonly idleTimeoutMs: number
  /** All of it. */
  readonly lifetimeMs: number
}

/** Begins a transaction without a key: sets its time limits and reads the schema epoch, in the round trip of BEGIN. */
export function limit({ timeoutMs, idleTimeoutMs, lifetimeMs }: TransactionLimits): Statement {
  return {
    name: 'holdfast_limit',
    text: `
      select
        set_config('statement_timeout', $1, true),
        set_config('idle_in_transaction_session_timeout', $2, true),
        ${limitTransaction('$3')},
        ${schemaEpoch} as epoch`,
    values: [String(timeoutMs), String(idleTimeoutMs), String(lifetimeMs)],
  }
}
