import type { StatementResult, Statements } from '../../kernel/background/effects.ts'
import type { Queryable } from '../postgres/session/connection.ts'

/** The service on whose behalf statements run, its mode, its clock and its secret keys. */
export type StatementOwner = Pick<Statements, 'service' | 'mode' | 'clock' | 'sealer'>

/**
 * Returns a session of a service as {@link Statements}, for libraries that run their own SQL in it.
 */
export function toStatements(
  session: Queryable,
  { service, mode, clock, sealer }: StatementOwner,
): Statements {
  return {
    service,
    mode,
    clock,
    sealer,
    async query<Row>(text: string, values: readonly unknown[] = []): Promise<StatementResult<Row>> {
      const { rows, rowCount } = await session.query({ text, values: [...values] })
      return { rows: rows as Row[], rowCount: rowCount ?? 0 }
    },
  }
}
