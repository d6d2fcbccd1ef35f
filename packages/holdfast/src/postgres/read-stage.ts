import type { Stage } from '../kernel/call.ts'
import type { CompiledOperation } from '../kernel/compile.ts'
import type { Queryable } from './connection.ts'
import type { Pool } from './pool.ts'
import { ReadSession } from './read-session.ts'
import { toStatements } from './to-statements.ts'
import { toPostgresFailure } from './to-postgres-failure.ts'

/** The stage of a query: gives it a read-only session. */
export function readStage(
  operation: CompiledOperation,
  pool: Pool,
  bind: (queryable: Queryable) => unknown,
): Stage {
  return async (call, next) => {
    const session = new ReadSession(pool, call)
    call.db = bind(session)
    call.statements = toStatements(session)
    try {
      return await next(call)
    } catch (error) {
      throw toPostgresFailure(error, operation, call.deadline)
    }
  }
}
