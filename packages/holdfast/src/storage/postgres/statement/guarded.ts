import type { StatementGuard } from '../../../kernel/host/statement-guard.ts'
import type { DriverStatement } from '../session/driver-query.ts'

/**
 * Passes a handler's statement to its guard. Returns the statement with the guard's row limit, and
 * with the file and line that run it.
 */
export function guarded(
  statement: DriverStatement,
  values: readonly unknown[] | undefined,
  guard: StatementGuard | undefined,
): DriverStatement {
  if (!guard) return statement
  const calledAt = guard.before(statement.text, values ?? statement.values)
  return { ...statement, guard, calledAt }
}
