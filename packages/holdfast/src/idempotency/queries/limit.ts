import { schemaEpoch } from '../../postgres/queries/read-schema-epoch.ts'
import type { Statement } from '../../postgres/statement.ts'

/** Begins a transaction without a key: sets its time limits and reads the schema epoch, in the round trip of BEGIN. */
export function limit(timeoutMs: number, idleTimeoutMs: number): Statement {
  return {
    name: 'holdfast_limit',
    text: `
      select
        set_config('statement_timeout', $1, true),
        set_config('idle_in_transaction_session_timeout', $2, true),
        ${schemaEpoch} as epoch`,
    values: [String(timeoutMs), String(idleTimeoutMs)],
  }
}
