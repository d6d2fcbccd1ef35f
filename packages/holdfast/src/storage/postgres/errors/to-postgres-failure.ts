import type { Cancellation } from '../../../kernel/base/cancellation.ts'
import type { CompiledOperation } from '../../../kernel/operation/compile.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { ProblemError, withCause } from '../../../kernel/problem/problem.ts'
import { DeadlineExceeded } from '../../../kernel/problem/problems.ts'
import { DatabaseBusy, DatabaseContended, DatabaseUnavailable } from './problems.ts'
import {
  driverError,
  isQueueFull,
  isUnavailable,
  isRetryable,
  refusalBehind,
  sqlStateOf,
} from './sql-state.ts'

/**
 * Returns the failure of a call that ended with a database error: a problem if the caller can react
 * to it; otherwise an error, which reports a defect.
 */
export function toPostgresFailure(
  error: unknown,
  operation: Pick<CompiledOperation, 'name' | 'definedAt'>,
  deadline: Cancellation,
): unknown {
  if (error instanceof ProblemError || error instanceof HoldfastError) return error
  if (deadline.aborted) return deadline.reason
  if (isQueueFull(error)) return withCause(DatabaseBusy(), error)
  if (isUnavailable(error)) return withCause(DatabaseUnavailable(), error)
  if (isRetryable(error)) return withCause(DatabaseContended(), error)
  switch (sqlStateOf(error)) {
    // query_canceled: the server's clock reached the deadline before this process's clock did.
    case '57014':
      return withCause(DeadlineExceeded(), error)
    case '25006':
      // The session is read-only by design. In any other session, the error counts as unavailable
      // (see above).
      return new HoldfastError(
        'query-writes',
        `${operation.name} (${operation.definedAt}) is a query and tried to write, but the session of a query is read-only. Make it a mutation.`,
        { cause: error },
      )
    default:
      // Query builders include the statement's values in their error message, which would be
      // logged.
      return driverError(error) ?? refusalBehind(error) ?? error
  }
}
