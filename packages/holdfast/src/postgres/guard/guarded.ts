import type { StatementGuard } from '../../kernel/statement-guard.ts'
import type { DriverStatement } from '../driver-query.ts'

/** A statement of a handler that its guard has seen, and that tells it how many rows it may give. */
export function guarded(
  statement: DriverStatement,
  values: readonly unknown[] | undefined,
  guard: StatementGuard | undefined,
): DriverStatement {
  if (!guard) return statement
  const place = guard.before(statement.text, values ?? statement.values)
  return { ...statement, guard, place }
}
