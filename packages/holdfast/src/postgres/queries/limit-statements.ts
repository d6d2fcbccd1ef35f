import type { Statement } from '../statement.ts'

/** Has Postgres cancel each statement of the session, from the next one on, that takes longer. */
export function limitStatements(limitMs: number): Statement {
  return {
    text: `select set_config('statement_timeout', $1, false)`,
    values: [String(limitMs)],
  }
}
