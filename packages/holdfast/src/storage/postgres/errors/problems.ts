import { type AnyProblem, type Problem, problem } from '../../../kernel/problem/problem.ts'

/**
 * The problem for a database that cannot be reached, is starting or stopping, accepts no writes, or
 * has no free connection.
 */
export const DatabaseUnavailable: Problem<'database-unavailable'> = problem('database-unavailable', {
  status: 503,
  title: 'Database unavailable',
  description:
    'The database is unreachable, restarting, temporarily read-only, or out of connections. The call was rolled back. Retry after `Retry-After` seconds; retrying with the same idempotency key is safe.',
  headers: { 'retry-after': '1' },
})

/**
 * The problem if too many calls of the process are already waiting for a connection: see the option
 * `connections`.
 */
export const DatabaseBusy: Problem<'database-busy'> = problem('database-busy', {
  status: 503,
  title: 'Too many calls waiting for the database',
  description:
    'All database connections of the process are in use, and the max number of calls is already waiting for a connection. The call was rolled back. Retry after `Retry-After` seconds; retrying with the same idempotency key is safe.',
  headers: { 'retry-after': '1' },
})

/**
 * The problem for a transaction that kept conflicting with other transactions on the same rows
 * until its deadline.
 */
export const DatabaseContended: Problem<'database-contended'> = problem('database-contended', {
  status: 503,
  title: 'Too much contention on the same data',
  description:
    'The transaction was retried after each conflict until its deadline. The call was rolled back. Retry after `Retry-After` seconds; retrying with the same idempotency key is safe.',
  headers: { 'retry-after': '1' },
})

/** All problems of the database itself. */
export const postgresProblems: readonly AnyProblem[] = [DatabaseUnavailable, DatabaseBusy, DatabaseContended]
