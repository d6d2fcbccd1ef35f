import type { StatementGuard } from '../../kernel/statement-guard.ts'
import type { DriverStatement } from '../driver-query.ts'

/** A statement of a handler that its guard has seen, with the number of rows that it may give. */
export function guarded(
  statement: DriverStatement,
  values: readonly unknown[] | undefined,
  guard: StatementGuard | undefined,
): DriverStatement {
  if (!guard) return statement
  const { text } = statement
  const given = values ?? statement.values
  guard.before(text, given)
  return { ...statement, rowLimit: { rows: guard.maxRows, error: () => guard.tooManyRows(text, given) } }
}
