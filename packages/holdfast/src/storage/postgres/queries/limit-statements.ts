import type { Statement } from '../statement/statement.ts'

/**
 * Returns a statement that sets `statement_timeout` for all later statements of the transaction or
 * the session.
 */
export function limitStatements(limitMs: number, extent: 'transaction' | 'session'): Statement {
  return {
    text: `select set_config('statement_timeout', $1, $2)`,
    values: [String(limitMs), extent === 'transaction'],
  }
}
