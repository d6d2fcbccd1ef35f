import type { Cancellation } from '../kernel/cancellation.ts'
import type { CompiledOperation } from '../kernel/compile.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { ProblemError, withCause } from '../kernel/problem.ts'
import { DeadlineExceeded } from '../kernel/problems.ts'
import { DatabaseBusy, DatabaseContended, DatabaseUnavailable } from './problems.ts'
import {
  driverError,
  isQueueFull,
  isUnavailable,
  isWorthRerunning,
  refusalBehind,
  sqlStateOf,
} from './sql-state.ts'

/**
 * What a call fails with when an error of the database has ended it: a problem where the caller can do something, the
 * error with its meaning where it is a defect.
 */
export function toPostgresFailure(
  error: unknown,
  operation: CompiledOperation,
  deadline: Cancellation,
): unknown {
  if (error instanceof ProblemError || error instanceof HoldfastError) return error
  if (deadline.aborted) return deadline.reason
  if (isQueueFull(error)) return withCause(DatabaseBusy(), error)
  if (isUnavailable(error)) return withCause(DatabaseUnavailable(), error)
  if (isWorthRerunning(error)) return withCause(DatabaseContended(), error)
  switch (sqlStateOf(error)) {
    // query_canceled: the server's clock reached the deadline before ours did.
    case '57014':
      return withCause(DeadlineExceeded(), error)
    case '25006':
      // Of a session that is read-only by design: the others are unavailable.
      return new HoldfastError(
        'query-writes',
        `${operation.name} (${operation.place}) is a query, whose session is read-only, and it tried to write. Make it a mutation.`,
        { cause: error },
      )
    default:
      // Query builders put the values of the statement into the message of theirs, which ends in the log.
      return driverError(error) ?? refusalBehind(error) ?? error
  }
}
