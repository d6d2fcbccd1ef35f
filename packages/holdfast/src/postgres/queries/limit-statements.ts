import type { Statement } from '../statement.ts'

/** Has Postgres cancel each statement from the next one on that takes longer: those of the transaction, or of the whole session. */
export function limitStatements(limitMs: number, extent: 'transaction' | 'session'): Statement {
  return {
    text: `select set_config('statement_timeout', $1, $2)`,
    values: [String(limitMs), extent === 'transaction'],
  }
}
